import type { Code, Finding, FxError } from './errors.ts';
import { EventSink } from './events.ts';
import type { Item } from './item.ts';
import type { JobReport } from './jobs.ts';
import type { HookRecord } from './lifecycle.ts';
import type { Place } from './place.ts';
import type { GroupOptions, Token } from './token.ts';

export const none: readonly never[] = [];

/** One value that a component yields, or needs. */
export interface Port {
  readonly node: Node;
  /** Under which name in the record; `undefined` when the value that is yielded is no record but itself it. */
  readonly property: string | undefined;
  readonly token: Token;
  readonly form: 'one' | 'optional' | 'group';
  readonly options: GroupOptions;
  /** Who yields what is needed here; nobody where it is the framework itself. */
  sources: readonly Port[];
}

/** By form: a group and a single value of the same token have nothing to do with each other. */
class Names {
  readonly one = new Map<Token, Port[]>();
  readonly optional = this.one;
  readonly group = new Map<Token, Port[]>();
}

/** Where names are looked up: a module, or the app itself. */
export class Scope {
  readonly name: string;
  /** It and the modules around it, innermost first. */
  readonly path: readonly Scope[];
  readonly place: Place | undefined;
  readonly providers = new Names();
  readonly decorators = new Names();
  /** Items whose values are visible here, so that one that is listed twice counts once. */
  readonly listed = new Set<object>();

  constructor(name: string, parent?: Scope, place?: Place) {
    this.name = parent === undefined || parent.name === '' ? name : `${parent.name}/${name}`;
    this.path = [this, ...(parent?.path ?? [])];
    this.place = place;
  }
}

/** Where a component stands in its list. */
export type Position = Pick<Node, 'scope' | 'visibleIn' | 'off'>;

/** An item at its place in the list, and what becomes of it in one life of the app. */
export class Node {
  declare readonly item: Item;
  /** Whose decorators and private values it sees: the module that lists it. */
  declare readonly scope: Scope;
  /** Who sees its values: everybody (the root), or the module that keeps it private. */
  declare readonly visibleIn: Scope;
  /** Why it is off by its condition or that of its module, if it is. */
  declare readonly off: string | undefined;
  /** It yields what it provides, rather than what stands for something else. */
  declare readonly isOriginal: boolean;
  declare readonly mayFail: boolean;
  /** Its name, made unique by its number among equals: `check`, `check #2`. */
  declare label: string;
  outputs: readonly Port[] = none;
  inputs: readonly Port[] = none;
  declare create: (needs: Readonly<Record<string, unknown>>) => unknown;
  /** What is wrong with its definition. */
  readonly problems: string[] = [];
  /** Its position in the flattened list. */
  index = -1;
  /** Its position in the order, or -1 while it is not needed. */
  rank = -1;
  /** The first that needs it, on the shortest path from a root; itself for a root; undefined when nobody does. */
  neededBy: Node | undefined = undefined;
  state: 'planned' | 'constructed' | 'started' | 'failed' | 'skipped' | 'stopped' = 'planned';
  /** It has a value; whatever becomes of its start, it can be started again. */
  isBuilt = false;
  value: unknown = undefined;
  failure: FxError | undefined = undefined;
  /** Its own functions, once it is constructed. */
  own: HookRecord | undefined = undefined;
  /** What there is to start and to stop, in order. */
  hooks: readonly HookRecord[] = none;
  /** No hook can be appended any more. */
  isSealed = false;
  jobs: readonly JobReport[] = none;

  constructor(item: Item, { scope, visibleIn, off }: Position) {
    this.item = item;
    this.scope = scope;
    this.visibleIn = visibleIn;
    this.off = off;
    this.isOriginal = item.kind === 'provide' || item.kind === 'supply';
    this.mayFail = item.definition.onFailure === 'continue';
    this.label = item.name;
  }

  /** Failed, or skipped because something else had. */
  get isLost(): boolean {
    return this.state === 'failed' || this.state === 'skipped';
  }

  /** Those whose values it is given. */
  get needs(): Node[] {
    return this.inputs.flatMap(({ sources }) => sources.map(({ node }) => node));
  }
}

/** A list, proved or refused: what would be built, in which order, and everything that is wrong with it. */
export interface Graph {
  readonly root: Scope;
  readonly nodes: readonly Node[];
  /** Those that somebody needs, in the order in which they are built and started. */
  readonly order: readonly Node[];
  /** Those of them that provide an `EventSink`. */
  readonly loggers: readonly Node[];
  /** Those that are off. */
  readonly gated: readonly Node[];
  readonly findings: readonly Finding[];
}

/**
 * Where a node finds what it asks for. Nearest first: a module's decorators stand before its private values, then the same
 * one level up. Of a group, the members of all levels together, in list order.
 */
export function lookUp({ node, token, form }: Port): readonly Port[] {
  let found: readonly Port[] = none;
  for (let at = 0; at < node.scope.path.length; at += 1) {
    const scope = node.scope.path[at] as Scope;
    const decorator = scope.decorators[form].get(token);
    if (decorator !== undefined && decorator[0]?.node !== node) return decorator;
    const here = scope.providers[form].get(token);
    if (here === undefined) continue;
    if (form !== 'group') return here;
    found = found.length === 0 ? here : [...found, ...here].toSorted((a, b) => a.node.index - b.node.index);
  }
  return found;
}

export const isLogger = ({ token }: Port): boolean => token === (EventSink as Token);

/** The logger of a module: what stands for the one that it lists, or that itself. */
export const loggerOf = ({ decorators, providers }: Scope): Node | undefined =>
  (decorators.one.get(EventSink) ?? providers.one.get(EventSink))?.[0]?.node;

/** The value of a port, or `undefined` when its component is not there. */
export function valueOf({ node, property }: Port): unknown {
  if (node.isLost) return undefined;
  return property === undefined ? node.value : (node.value as Readonly<Record<string, unknown>>)[property];
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
