import { isClass, readClass } from './classes.ts';
import { describeValue } from './errors.ts';
import { Node, type Port, type Position } from './graph.ts';
import type { Item } from './item.ts';
import { misfit } from './lifecycle.ts';
import { Formed, isToken, token, type GroupOptions } from './token.ts';

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
  provides: { takes: 'a token or many(token)', forms: ['group'], alien: ['soft', 'as'], of: 'consuming a group' },
  requires: {
    takes: 'a token, optional(token) or many(token)',
    forms: ['optional', 'group'],
    alien: ['flatten', 'name'],
    of: 'contributing to a group',
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
  for (const key of alien) if ((options[key] ?? false) !== false) node.note(`${where}: "${key}" is for ${of}`);
  if (![undefined, 'list', 'map'].includes(options.as)) node.note(`${where}: "as" is 'list' or 'map', not ${describeValue(options.as)}`);
  return { node, property, token: written.token, form, options, sources: none };
}

/** Stands in for what is not a token, so that the rest of a broken definition can be checked. */
const unknown = token()('fx.unknown');
