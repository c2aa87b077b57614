import type { Code, Finding } from './errors.ts';
import type { Item, Port } from './item.ts';
import type { JobReport } from './jobs.ts';
import type { HookRecord } from './lifecycle.ts';
import type { Place } from './place.ts';
import type { Token } from './token.ts';

const none: readonly never[] = [];

/** One value of a node. */
export interface Source {
  readonly node: Node;
  readonly output: Port;
}

/** Who provides what in one scope, and who decorates it. */
class Names {
  readonly sources = new Map<Token, Source[]>();
  readonly decorators = new Map<Token, Source[]>();
}

/** Where names are looked up: a module, or the app itself. */
export class Scope {
  readonly name: string;
  readonly parent: Scope | undefined;
  readonly place: Place | undefined;
  readonly one = new Names();
  readonly group = new Names();
  /** Items whose values are visible here, so that one that is listed twice counts once. */
  readonly listed = new Set<object>();

  constructor(name: string, parent?: Scope, place?: Place) {
    this.name = parent === undefined || parent.name === '' ? name : `${parent.name}/${name}`;
    this.parent = parent;
    this.place = place;
  }
}

export type State = 'planned' | 'constructed' | 'started' | 'failed' | 'skipped' | 'stopped';

/** An item at its place in the list, and what becomes of it in one life of the app. */
export class Node {
  declare readonly item: Item;
  /** Whose decorators and private values it sees: the module that lists it. */
  declare readonly scope: Scope;
  /** Who sees its values: everybody (the root), or the module that keeps it private. */
  declare readonly visibleIn: Scope;
  /** Its name, made unique by its number among equals: `check`, `check #2`. */
  declare label: string;
  /** Its position in the flattened list. */
  index = -1;
  /** Its position in the order, or -1 while it is not needed. */
  rank = -1;
  /** For each of the item's inputs, where its values come from; nowhere for what the framework itself provides. */
  sources: readonly (readonly Source[])[] = none;
  /** The first that needs it, on the shortest path from a root; itself for a root; undefined when nobody does. */
  neededBy: Node | undefined = undefined;
  state: State = 'planned';
  /** It has a value; whatever becomes of its start, it can be started again. */
  isBuilt = false;
  value: unknown = undefined;
  failure: unknown = undefined;
  /** When its constructor was called, in milliseconds of the clock, and how long that took. */
  createdAt: number | undefined = undefined;
  createMs: number | undefined = undefined;
  hooks: readonly HookRecord[] = none;
  /** No hook can be appended any more. */
  isSealed = false;
  jobs: readonly JobReport[] = none;

  constructor(item: Item, scope: Scope, visibleIn: Scope) {
    this.item = item;
    this.scope = scope;
    this.visibleIn = visibleIn;
    this.label = item.name;
  }
}

/** An item that its condition, or that of its module, keeps out. */
export interface Gated {
  readonly item: Item;
  readonly scope: Scope;
  readonly because: string;
}

/** A list, proved or refused: what would be built, in which order, and everything that is wrong with it. */
export interface Graph {
  readonly root: Scope;
  readonly nodes: readonly Node[];
  /** Those that somebody needs, in the order in which they are built and started. */
  readonly order: readonly Node[];
  /** Those of them that provide an `EventSink`. */
  readonly loggers: readonly Node[];
  readonly gated: readonly Gated[];
  readonly findings: readonly Finding[];
}

/**
 * Where a node finds what it asks for. Nearest first: a module's decorators stand before its private values, then the same
 * one level up. Of a group, the members of all levels together, in list order.
 */
export function lookUp(node: Node, { token, form }: Port): readonly Source[] {
  let found: readonly Source[] = none;
  for (let scope: Scope | undefined = node.scope; scope !== undefined; scope = scope.parent) {
    const { sources, decorators } = form === 'group' ? scope.group : scope.one;
    const decorator = decorators.get(token);
    if (decorator !== undefined && decorator[0]?.node !== node) return decorator;
    const here = sources.get(token);
    if (here === undefined) continue;
    if (form !== 'group') return here;
    found = found.length === 0 ? here : [...found, ...here].toSorted((a, b) => a.node.index - b.node.index);
  }
  return found;
}

export const isProvider = ({ kind }: Item): boolean => kind === 'provide' || kind === 'supply';

/** Failed, or skipped because something else had. */
export const isLost = ({ state }: Node): boolean => state === 'failed' || state === 'skipped';

/** The value of a source, or `undefined` when its component is not there. */
export function valueOf({ node, output }: Source): unknown {
  if (isLost(node)) return undefined;
  return output.property === undefined ? node.value : (node.value as Readonly<Record<string, unknown>>)[output.property];
}

export const outputName = ({ token, form }: Port): string => (form === 'group' ? `${token.key}[]` : token.key);

/** A finding about a node: it is to blame, and stands where it was written. */
export function findingAt(node: Node, code: Code, what: Pick<Finding, 'message' | 'fix'> & Partial<Finding>): Finding {
  return { code, component: node.label, place: String(node.item.place), ...what };
}

/** From a root to the node: who is to blame for its being there. */
export function pathTo(node: Node): readonly string[] {
  const path = [node.label];
  for (let each = node; each.neededBy !== undefined && each.neededBy !== each; each = each.neededBy) path.unshift(each.neededBy.label);
  return path;
}
