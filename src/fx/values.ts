import { describeValue, FxError } from './errors.ts';
import { findingAt, isLogger, valueOf, type Node, type Port } from './graph.ts';
import type { Token } from './token.ts';

/** The values that the framework itself provides, made for the component that asks. */
export type BuiltIns = ReadonlyMap<Token, (asking: Node) => unknown>;

/** What a constructor is given: everything that it requires, by name. */
export function needsOf(node: Node, builtIns: BuiltIns): Readonly<Record<string, unknown>> {
  const needs: Record<string, unknown> = {};
  for (let at = 0; at < node.inputs.length; at += 1) {
    const { property = '', form, token, options, sources } = node.inputs[at] as Port;
    if (form === 'group') needs[property] = options.as === 'map' ? new Map(membersOf(sources)) : valuesOf(sources);
    else needs[property] = sources[0] === undefined ? builtIns.get(token)?.(node) : valueOf(sources[0]);
  }
  return needs;
}

/** Names and values of what is there. A group that is decorated has become a list, or a map that keeps the names. */
function membersOf(sources: readonly Port[]): [string, unknown][] {
  return sources.flatMap((source): [string, unknown][] => {
    const { node, options } = source;
    if (node.isLost || node.state === 'planned') return [];
    const value = valueOf(source);
    const { name = node.label } = options;
    if (!owesList(source)) return [[name, value]];
    if (value instanceof Map) return [...(value as ReadonlyMap<string, unknown>)];
    return (value as readonly unknown[]).map((each, index) => [`${name}[${index}]`, each]);
  });
}

export const valuesOf = (sources: readonly Port[]): unknown[] => membersOf(sources).map(([, value]) => value);

/** What is wrong with what a constructor yielded, measured by what its component declares. */
export function wrongValue(node: Node, value: unknown): FxError | undefined {
  for (let at = 0; at < node.outputs.length; at += 1) {
    const output = node.outputs[at] as Port;
    const { property, token } = output;
    const given = property === undefined ? value : (value as Readonly<Record<string, unknown>> | null | undefined)?.[property];
    if (isAsDeclared(output, given)) continue;
    const owed = `${owesList(output) ? 'a list for group' : 'a value for'} "${token.key}"${property === undefined ? '' : ` as "${property}"`}`;
    const message = `${node.label} owes ${owed}, but its constructor yielded ${describeValue(given)}`;
    const fix = 'return what "provides" declares; a capability that may be absent is required with optional()';
    return new FxError([findingAt(node, 'FX_BAD_VALUE', { message, fix })]);
  }
  return undefined;
}

const owesList = ({ node, form, options }: Port): boolean => form === 'group' && (options.flatten === true || !node.isOriginal);

function isAsDeclared(output: Port, given: unknown): boolean {
  if (isLogger(output)) return typeof given === 'function';
  if (!owesList(output)) return given !== undefined;
  return Array.isArray(given) || (given instanceof Map && !output.node.isOriginal);
}
