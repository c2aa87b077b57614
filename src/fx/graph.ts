import type { Component, Item } from './component.ts';
import type { Code, Finding } from './errors.ts';
import type { Place } from './place.ts';
import type { Output, Token } from './token.ts';

/** Where names are looked up: a module, or the app itself. */
export class Scope {
  readonly name: string;
  readonly parent: Scope | undefined;
  readonly place: Place | undefined;
  readonly values = new Map<Token, Source>();
  readonly groups = new Map<Token, Source[]>();
  readonly decorators = new Map<Token, Source>();
  readonly groupDecorators = new Map<Token, Source>();
  /** Items whose values are visible here, so that one that is listed twice counts once. */
  readonly listed = new Set<Component>();

  constructor(name: string, parent: Scope | undefined, place: Place | undefined) {
    this.name = parent === undefined || parent.name === '' ? name : `${parent.name}/${name}`;
    this.parent = parent;
    this.place = place;
  }
}

/** An item at its place in the list. */
export class Node {
  readonly item: Item;
  /** Whose decorators and private values it sees: the module that lists it. */
  readonly scope: Scope;
  /** Who sees its values: everybody (the root), or the module that keeps it private. */
  readonly visibleIn: Scope;
  /** Its position in the flattened list. */
  index = -1;
  /** Its name, made unique by its number among equals: `check`, `check #2`. */
  label: string;
  /** For each of the item's inputs, where its values come from; nowhere for what the framework itself provides. */
  sources: readonly (readonly Source[])[] = [];
  /** Its position in the order, or -1 while it is not needed. */
  rank = -1;
  /** The first that needs it, on the shortest path from a root; itself for a root; undefined when nobody does. */
  neededBy: Node | undefined;

  constructor(item: Item, scope: Scope, visibleIn: Scope) {
    this.item = item;
    this.scope = scope;
    this.visibleIn = visibleIn;
    this.label = item.name;
  }
}

/** One value of a node. */
export class Source {
  readonly node: Node;
  readonly output: Output;
  /** The list of only this: most inputs have exactly one source, and share it. */
  readonly alone: readonly Source[] = [this];

  constructor(node: Node, output: Output) {
    this.node = node;
    this.output = output;
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
  readonly gated: readonly Gated[];
  readonly findings: readonly Finding[];
}

/** Nearest first: a module's decorators stand before its private values, then the same one level up. */
export function lookUp(node: Node, token: Token): Source | undefined {
  for (let scope: Scope | undefined = node.scope; scope !== undefined; scope = scope.parent) {
    const decorator = scope.decorators.get(token);
    if (decorator !== undefined && decorator.node !== node) return decorator;
    const source = scope.values.get(token);
    if (source !== undefined) return source;
  }
  return undefined;
}

export function isProvider({ kind }: Item): boolean {
  return kind === 'provide' || kind === 'supply';
}

/** A finding about a node: it is to blame, and stands where it was written. */
export function findingAt(node: Node, code: Code, what: Pick<Finding, 'message' | 'fix'> & Partial<Finding>): Finding {
  return { code, component: node.label, place: String(node.item.place), ...what };
}
