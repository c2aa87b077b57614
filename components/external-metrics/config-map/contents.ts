import { createHash } from 'node:crypto';
import type { KubeObject } from '../../kubernetes/index.ts';
import { sortedBy } from '../sorted-by.ts';
import { entryIn, kindWords, wireOf, type Entry } from './entry.ts';

/** What the Go agent takes for an entry. */
const prefix = 'external_metric';
/**
 * Entries that the Go agent has no key for: it knows one per autoscaler and metric. It must not see ours, because it
 * could neither renew nor delete them, and would serve their last value for ever.
 */
const furtherPrefix = 'further_metric-';

/** Kubernetes' limits for a key, in characters, and for all values of a ConfigMap, in bytes. */
const keyMax = 253;
export const bytesMax = 1_048_576;
/** etcd's limit for an object, 1.5 MiB, less what else is in it. Keys stand in it twice: in the data and in who manages them. */
const objectMax = 1_450_000;

export interface Contents {
  readonly entries: readonly Entry[];
  /** Keys of what is no entry: of older agents, or damaged. They go with the next write. */
  readonly unreadable: readonly string[];
}

/** The entries in a ConfigMap, whatever else is in it. */
export function contentsOf(object: KubeObject): Contents {
  const entries = new Map<string, Entry>();
  const unreadable: string[] = [];
  for (const [key, text] of textsIn(object)) {
    if (!isOurs(key)) continue;
    const entry = entryIn(text);
    if (entry === undefined) unreadable.push(key);
    else entries.set(entry.identity, entry);
  }
  return { entries: [...entries.values()], unreadable };
}

/** The same ConfigMap with other entries; what is not ours stays. Those for which there is no room are left out. */
export function withEntries(object: KubeObject, entries: readonly Entry[]): { readonly object: KubeObject; readonly leftOut: number } {
  const data = new Map(textsIn(object).filter(([key]) => !isOurs(key)));
  const room = new Room(binaryBytes(object));
  for (const [key, text] of data) room.take(key, text);
  let leftOut = 0;
  // Always in the same order, so that keys stay with their entries, and the same are left out each time.
  for (const entry of sortedBy(entries, ({ identity }) => identity)) {
    const known = keyOf(entry);
    const key = known.length > keyMax || data.has(known) ? furtherKey(entry) : known;
    const text = JSON.stringify(wireOf(entry));
    if (room.take(key, text)) data.set(key, text);
    else leftOut += 1;
  }
  return { object: { ...object, data: Object.fromEntries(data) }, leftOut };
}

/** What is left of a ConfigMap's size. */
class Room {
  #values: number;
  #object: number;

  constructor(taken: number) {
    this.#values = bytesMax - taken;
    this.#object = objectMax - taken;
  }

  /** Whether there was room for it. */
  take(key: string, text: string): boolean {
    const bytes = Buffer.byteLength(text);
    const all = bytes + 2 * (key.length + 8);
    if (bytes > this.#values || all > this.#object) return false;
    this.#values -= bytes;
    this.#object -= all;
    return true;
  }
}

/** Whether two ConfigMaps hold the same texts. */
export function isAlike(a: KubeObject, b: KubeObject): boolean {
  const texts = new Map(textsIn(a));
  const others = textsIn(b);
  return texts.size === others.length && others.every(([key, text]) => texts.get(key) === text);
}

/** The Go agent's key. It lacks labels, and where the namespace ends and the name begins. */
function keyOf({ kind, namespace, name, metric }: Entry): string {
  return `${prefix}-${kindWords[kind]}-${namespace}-${name}-${metric}`;
}

function furtherKey({ identity }: Entry): string {
  return `${furtherPrefix}${createHash('sha256').update(identity).digest('hex').slice(0, 40)}`;
}

function isOurs(key: string): boolean {
  return key.startsWith(prefix) || key.startsWith(furtherPrefix);
}

function textsIn({ data }: KubeObject): readonly (readonly [string, string])[] {
  if (typeof data !== 'object' || data === null) return [];
  return Object.entries(data).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
}

function binaryBytes({ binaryData }: KubeObject): number {
  if (typeof binaryData !== 'object' || binaryData === null) return 0;
  return Object.values(binaryData).reduce<number>((sum, text) => sum + Buffer.byteLength(String(text), 'base64'), 0);
}
