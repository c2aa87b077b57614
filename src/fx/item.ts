import { isClass, readClass } from './classes.ts';
import type { Definition, List, Provisions, Requirements } from './component.ts';
import type { Condition } from './condition.ts';
import { describeValue } from './errors.ts';
import { Node, type Port, type Position } from './graph.ts';
import { misfit } from './lifecycle.ts';
import type { Place } from './place.ts';
import { Formed, isToken, token, type GroupOptions, type Token } from './token.ts';

const suffixes = { provide: '', supply: '', invoke: '', decorate: ' decorator', replace: ' replacement' };
/** A definition whose types have done their work. */
type AnyDefinition = Definition<Provisions, Requirements, never>;

/** What can be built, as it was written: it is read when a list that holds it is planned. */
export class Item {
  declare readonly kind: keyof typeof suffixes;
  declare readonly place: Place;
  /** What is wrong with it as a whole, if something is. */
  declare readonly problem: string | undefined;
  declare readonly definition: AnyDefinition;
  declare readonly name: string;

  constructor(kind: Item['kind'], written: unknown, place: Place) {
    this.kind = kind;
    this.place = place;
    this.problem = problemOf(written);
    this.definition = this.problem === undefined ? (written as AnyDefinition) : { name: 'unnamed', create: () => undefined as never };
    this.name = this.definition.name ?? `${firstOf(this.definition.provides)?.key ?? 'unnamed'}${suffixes[kind]}`;
  }
}

/** A named list with private components; a scope for decorators and loggers. */
export class ModuleItem {
  readonly name: string;
  readonly definition: { readonly list: List; readonly private: List; readonly when: Condition | undefined };
  readonly place: Place;

  constructor(name: string, definition: ModuleItem['definition'], place: Place) {
    this.name = name;
    this.definition = definition;
    this.place = place;
  }
}

/** Takes the place of every component that provides the same token. */
export class Replacement {
  readonly name = 'replacement';
  readonly by: unknown;
  readonly place: Place;

  constructor(by: unknown, place: Place) {
    this.by = by;
    this.place = place;
  }
}

function problemOf(written: unknown): string | undefined {
  if (typeof written !== 'object' || written === null) return `a definition is an object, not ${describeValue(written)}`;
  const isListed = written instanceof Item || written instanceof ModuleItem || written instanceof Replacement;
  return isListed ? `${written.name} is a list item already: list it as it is` : undefined;
}

function firstOf(provides: unknown): Token | undefined {
  const [first] = isToken(provides) || provides instanceof Formed ? [provides] : Object.values(provides ?? {});
  const of: unknown = first instanceof Formed ? first.token : first;
  return isToken(of) ? of : undefined;
}

/** Reads what can be built, for its place in a list; whatever is wrong with it is noted there. */
export function nodeOf(item: Item, position: Position): Node {
  const node = new Node(item, position);
  const { kind, problem, definition } = item;
  if (problem !== undefined) node.note(problem);
  const { provides, name } = definition;
  const { requires, create } = isClass(definition.create) ? readClass(definition.create, node) : definition;
  if (provides !== undefined) node.outputs = outputsOf(node, provides);
  if (requires !== undefined) node.inputs = portsOf({ node, side: 'requires' }, requires);
  node.create = create as Node['create'];
  if (name === undefined && node.outputs.length === 0 && (kind === 'provide' || kind === 'decorate'))
    node.note('a component that provides nothing needs a name');
  if (typeof create !== 'function') node.note(`create must be a function or a class, not ${describeValue(create)}`);
  const wrongHook = misfit(definition);
  if (wrongHook !== undefined) node.note(wrongHook);
  return node;
}

/** What may stand on each side, and the options of a group that belong to the other. */
const sides = {
  provides: { takes: 'a token or many(token)', forms: ['group'], alien: ['soft', 'as'], of: 'consuming' },
  requires: {
    takes: 'a token, optional(token) or many(token)',
    forms: ['optional', 'group'],
    alien: ['flatten', 'name'],
    of: 'contributing to',
  },
} as const;
interface Side {
  readonly node: Node;
  readonly side: keyof typeof sides;
}
const plain: GroupOptions = {};
const none: readonly never[] = [];

function outputsOf(node: Node, provides: unknown): readonly Port[] {
  const side: Side = { node, side: 'provides' };
  if (typeof provides !== 'object' || provides === null || provides instanceof Formed) return [portOf(side, undefined, provides)];
  const outputs = portsOf(side, provides as Readonly<Record<string, unknown>>);
  if (outputs.length === 0) node.note('"provides" is empty');
  return outputs;
}

const portsOf = (side: Side, written: Readonly<Record<string, unknown>>): readonly Port[] =>
  Object.keys(written).map((property) => portOf(side, property, written[property]));

function portOf({ node, side }: Side, property: string | undefined, written: unknown): Port {
  if (isToken(written)) return { node, property, token: written, form: 'one', options: plain, sources: none };
  const { takes, forms, alien, of } = sides[side];
  const where = property === undefined ? `"${side}"` : `"${side}.${property}"`;
  const form = written instanceof Formed && isToken(written.token) ? forms.find((each) => each === written.form) : undefined;
  if (form === undefined || !(written instanceof Formed)) {
    node.note(`${where} must be ${takes}, not ${describeValue(written)}`);
    return { node, property, token: unknown, form: 'optional', options: plain, sources: none };
  }
  const { options } = written;
  for (const key of alien) if ((options[key] ?? false) !== false) node.note(`${where}: "${key}" is for ${of} a group`);
  if (![undefined, 'list', 'map'].includes(options.as)) node.note(`${where}: "as" is 'list' or 'map', not ${describeValue(options.as)}`);
  return { node, property, token: written.token, form, options, sources: none };
}

/** Stands in for what is not a token, so that the rest of a broken definition can be checked. */
const unknown = token()('fx.unknown');
