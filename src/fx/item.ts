import type { Definition, List, Provisions, Requirements } from './component.ts';
import type { Condition } from './condition.ts';
import { describeValue } from './errors.ts';
import { Node, none, type Port, type Position } from './graph.ts';
import { isClass, readClass } from './inversify.ts';
import { misfit } from './lifecycle.ts';
import type { Place } from './place.ts';
import { Formed, isToken, token, tokenIn, type GroupOptions } from './token.ts';

/** A definition whose types have done their work. */
type AnyDefinition = Definition<Provisions, Requirements, never>;
/** What can be listed, by kind. A replacement takes the place of every component that provides the same token. */
interface Definitions extends Record<'provide' | 'supply' | 'invoke' | 'decorate' | 'replace', AnyDefinition> {
  module: { readonly name: string; readonly list: List; readonly private: List; readonly when: Condition | undefined };
  replacement: { readonly by: unknown };
}
const suffixes: Partial<Record<keyof Definitions, string>> = { decorate: ' decorator', replace: ' replacement' };

/** Whatever this copy of the framework has made for lists, as it was written: it is read when a list that holds it is planned. */
export class Entry<Kind extends keyof Definitions = keyof Definitions> {
  declare readonly kind: Kind;
  declare readonly place: Place;
  /** What is wrong with it as a whole, if something is. */
  declare readonly problem: string | undefined;
  declare readonly definition: Definitions[Kind];
  declare readonly name: string;

  constructor(kind: Kind, written: unknown, place: Place) {
    this.kind = kind;
    this.place = place;
    this.problem = problemOf(written);
    this.definition = (this.problem === undefined ? written : { name: 'unnamed', create: () => undefined }) as Definitions[Kind];
    const { name, provides } = this.definition as Partial<AnyDefinition>;
    const first = tokenIn(provides) ?? tokenIn(Object.values(provides ?? {})[0]);
    this.name = name ?? `${first?.key ?? 'unnamed'}${suffixes[kind] ?? ''}`;
  }
}
/** What can be built. */
export type Item = Entry<Exclude<keyof Definitions, 'module' | 'replacement'>>;
export type Listed = Item | Entry<'module'> | Entry<'replacement'>;

export const isListed = (value: unknown): value is Listed => value instanceof Entry;
export const isItem = (value: unknown): value is Item => isListed(value) && 'create' in value.definition;

function problemOf(written: unknown): string | undefined {
  if (typeof written !== 'object' || written === null) return `a definition is an object, not ${describeValue(written)}`;
  return isListed(written) ? `${written.name} is a list item already: list it as it is` : undefined;
}

/** Reads what can be built, for its place in a list; whatever is wrong with it is noted there. */
export function nodeOf(item: Item, position: Position): Node {
  const node = new Node(item, position);
  const { kind, problem, definition } = item;
  if (problem !== undefined) node.problems.push(problem);
  const { provides, name } = definition;
  const { requires, create } = isClass(definition.create) ? readClass(definition.create, node) : definition;
  node.outputs = portsOf({ node, side: 'provides' }, provides);
  node.inputs = portsOf({ node, side: 'requires' }, requires);
  node.create = create as Node['create'];
  if (name === undefined && node.outputs.length === 0 && (kind === 'provide' || kind === 'decorate'))
    node.problems.push('a component that provides nothing needs a name');
  if (typeof create !== 'function') node.problems.push(`create must be a function or a class, not ${describeValue(create)}`);
  const wrongHook = misfit(definition);
  if (wrongHook !== undefined) node.problems.push(wrongHook);
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

function portsOf(of: Side, written: unknown): readonly Port[] {
  if (written === undefined) return none;
  const isOne = typeof written !== 'object' || written === null || written instanceof Formed;
  if (isOne && of.side === 'provides') return [portOf(of, undefined, written)];
  const record = Object(written) as Readonly<Record<string, unknown>>;
  const properties = Object.keys(record);
  if (properties.length === 0 && of.side === 'provides') of.node.problems.push('"provides" is empty');
  return properties.map((property) => portOf(of, property, record[property]));
}

function portOf({ node, side }: Side, property: string | undefined, written: unknown): Port {
  if (isToken(written)) return { node, property, token: written, form: 'one', options: plain, sources: none };
  const { takes, forms, alien, of } = sides[side];
  const where = property === undefined ? `"${side}"` : `"${side}.${property}"`;
  const form = written instanceof Formed && isToken(written.token) ? forms.find((each) => each === written.form) : undefined;
  if (form === undefined || !(written instanceof Formed)) {
    node.problems.push(`${where} must be ${takes}, not ${describeValue(written)}`);
    return { node, property, token: unknown, form: 'optional', options: plain, sources: none };
  }
  const { options } = written;
  for (const key of alien) if ((options[key] ?? false) !== false) node.problems.push(`${where}: "${key}" is for ${of} a group`);
  if (![undefined, 'list', 'map'].includes(options.as))
    node.problems.push(`${where}: "as" is 'list' or 'map', not ${describeValue(options.as)}`);
  return { node, property, token: written.token, form, options, sources: none };
}

/** Stands in for what is not a token, so that the rest of a broken definition can be checked. */
const unknown = token()('fx.unknown');
