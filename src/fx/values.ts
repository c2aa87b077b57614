import { describeValue, FxError } from './errors.ts';
import { EventSink } from './events.ts';
import { findingAt, isLost, isProvider, valueOf, type Node, type Source } from './graph.ts';
import type { Item, Port } from './item.ts';
import type { Token } from './token.ts';

/** The values that the framework itself provides, made for the component that asks. */
export type BuiltIns = ReadonlyMap<Token, (asking: Node) => unknown>;

/** What a constructor is given: everything that it requires, by name. */
export function needsOf(node: Node, builtIns: BuiltIns): Readonly<Record<string, unknown>> {
  const { item, sources } = node;
  const needs: Record<string, unknown> = {};
  for (let at = 0; at < item.inputs.length; at += 1) {
    const { property = '', form, token, options } = item.inputs[at] as Port;
    const linked = sources[at] as readonly Source[];
    if (form !== 'group') needs[property] = linked[0] === undefined ? builtIns.get(token)?.(node) : valueOf(linked[0]);
    else if (options.as === 'map') needs[property] = new Map(membersOf(linked));
    else needs[property] = membersOf(linked).map(([, value]) => value);
  }
  return needs;
}

/** Names and values of a group. One that is decorated has become a list, or a map that keeps the names. */
function membersOf(sources: readonly Source[]): [string, unknown][] {
  const [first] = sources;
  if (first === undefined || isProvider(first.node.item)) return sources.flatMap(memberOf);
  const value = valueOf(first);
  if (value instanceof Map) return [...(value as ReadonlyMap<string, unknown>)];
  return Array.isArray(value) ? value.map((each, index) => [String(index), each]) : [];
}

function memberOf(source: Source): [string, unknown][] {
  const { node, output } = source;
  if (isLost(node) || node.state === 'planned') return [];
  const value = valueOf(source);
  const { name = node.label, flatten = false } = output.options;
  return flatten ? (value as readonly unknown[]).map((each, index) => [`${name}[${index}]`, each]) : [[name, value]];
}

/** What is wrong with what a constructor yielded, measured by what its component declares. */
export function wrongValue(node: Node, value: unknown): FxError | undefined {
  const { outputs } = node.item;
  for (let at = 0; at < outputs.length; at += 1) {
    const output = outputs[at] as Port;
    const { property, token } = output;
    const given = property === undefined ? value : (value as Readonly<Record<string, unknown>> | null | undefined)?.[property];
    if (isAsDeclared(node.item, output, given)) continue;
    const owed = `${owesList(node.item, output) ? 'a list for group' : 'a value for'} "${token.key}"${property === undefined ? '' : ` as "${property}"`}`;
    const message = `${node.label} owes ${owed}, but its constructor yielded ${describeValue(given)}`;
    const fix = 'return what "provides" declares; a capability that may be absent is required with optional()';
    return new FxError([findingAt(node, 'FX_BAD_VALUE', { message, fix })]);
  }
  return undefined;
}

const owesList = (item: Item, { form, options }: Port): boolean => form === 'group' && (options.flatten === true || !isProvider(item));

function isAsDeclared(item: Item, output: Port, given: unknown): boolean {
  if (output.token === (EventSink as Token)) return typeof given === 'function';
  if (!owesList(item, output)) return given !== undefined;
  return Array.isArray(given) || (given instanceof Map && !isProvider(item));
}
