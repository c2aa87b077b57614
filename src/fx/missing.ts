import { readdirSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import type { Finding } from './errors.ts';
import type { Flat } from './flatten.ts';
import { findingAt, isProvider, type Node } from './graph.ts';
import { placeOf, type Input, type Token } from './token.ts';

/** Explains why nothing provides what a node requires, and what would. */
export function missing(flat: Flat, node: Node, { token, property }: Input): Finding {
  return findingAt(node, 'FX_MISSING', {
    message: `missing dependencies for ${node.label}: nothing provides "${token.key}"`,
    wantedBy: `${node.label}, as "${property}"`,
    fix: [...kept(flat, token), ...similar(flat, token), ...beside(token), `or take it with optional(), or remove ${node.label}`].join(
      '; ',
    ),
  });
}

/** Implementations that are in the list, but out of reach. */
function kept(flat: Flat, token: Token): string[] {
  const provides = (outputs: Node['item']['outputs']): boolean => outputs.some((output) => output.token === token);
  const hidden = flat.nodes.filter((node) => isProvider(node.item) && provides(node.item.outputs));
  const off = flat.gated.filter(({ item }) => provides(item.outputs));
  return [
    ...hidden.map((node) =>
      node.item.outputs.some((output) => output.token === token && output.group !== undefined)
        ? `${node.label} contributes it to a group: require many(...)`
        : `${node.label} provides it, but privately, in module ${node.visibleIn.name}: list it outside "private"`,
    ),
    ...off.map(({ item, because }) => `${item.name} provides it, but is off because ${because}`),
  ];
}

/** Keys that differ by a slip of the finger, or in case or separators only. */
function similar(flat: Flat, { key }: Token): string[] {
  const known = new Set(flat.nodes.flatMap(({ item }) => item.outputs.map((output) => output.token.key)));
  const near = [...known]
    .filter((each) => plain(each) === plain(key) || distance(each, key) <= Math.max(1, Math.floor(key.length / 4)))
    .toSorted();
  return near.length === 0
    ? []
    : [`did you mean ${near.map((each) => (each === key ? `the other token "${each}"` : `"${each}"`)).join(', or ')}?`];
}

function plain(key: string): string {
  return key.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1];
    for (const [j, other] of b.split('').entries()) {
      next.push(Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** By convention implementations and fakes live beside the file that makes the token. */
function beside(token: Token): string[] {
  const file = placeOf(token).file;
  if (file === undefined) return [];
  const add = `add a component that provides "${token.key}"`;
  const siblings = filesBeside(file);
  if (basename(file).startsWith('index.') && siblings.length > 0) {
    return [`${add}: beside its definition in ${relative(process.cwd(), dirname(file))} are ${siblings.join(', ')}`];
  }
  return [`${add} (the token is made at ${String(placeOf(token))})`];
}

function filesBeside(file: string): string[] {
  try {
    return readdirSync(dirname(file))
      .filter((name) => /\.[jt]s$/.test(name) && !/\.(test|d)\.[jt]s$/.test(name) && name !== basename(file))
      .map((name) => (name.startsWith('fake.') ? `${name} (for tests)` : name));
  } catch {
    // A bundle has no such folder, and a hint is not worth an error.
    return [];
  }
}
