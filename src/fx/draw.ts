import { FxError } from './errors.ts';
import type { Graph, Node } from './graph.ts';
import type { Instance } from './instance.ts';
import { outputName, planOf } from './report.ts';

export type GraphFormat = 'dot' | 'mermaid' | 'json';

/** Red for what failed, orange for what that took down, as in fx. */
const colors = { failed: 'red', lost: 'orange' } as const;

/** Draws the components that are built, with what each requires; failures of a start are coloured. */
export function draw(graph: Graph, format: GraphFormat, instances: readonly Instance[]): string {
  if (format === 'json')
    return JSON.stringify(planOf(graph), (_key, value: unknown) => (value instanceof Error ? value.message : value), 2);
  const lost = lostIn(graph, instances);
  const colorOf = (node: Node): string | undefined =>
    isGuilty(instances[node.rank]) ? colors.failed : lost.has(node) ? colors.lost : undefined;
  return format === 'dot' ? dot(graph, colorOf) : mermaid(graph, colorOf);
}

/** Failed by itself, and not only interrupted because something else did. */
function isGuilty(instance: Instance | undefined): boolean {
  return instance?.state === 'failed' && !(instance.failure instanceof FxError && instance.failure.code === 'FX_INTERRUPTED');
}

/** What failed, and what was skipped or never reached because of that. */
function lostIn(graph: Graph, instances: readonly Instance[]): ReadonlySet<Node> {
  const lost = new Set<Node>();
  for (const node of graph.order) {
    const state = instances[node.rank]?.state;
    const isBlocked = state === 'planned' && node.sources.some((sources) => sources.some((source) => lost.has(source.node)));
    if (state === 'failed' || state === 'skipped' || isBlocked) lost.add(node);
  }
  return lost;
}

function* links(graph: Graph): Generator<{ readonly from: Node; readonly to: Node; readonly isOptional: boolean }> {
  for (const from of graph.order) {
    for (const [at, { form, soft }] of from.item.inputs.entries()) {
      for (const { node: to } of from.sources[at] ?? []) if (to.rank >= 0) yield { from, to, isOptional: form === 'optional' || soft };
    }
  }
}

function dot(graph: Graph, colorOf: (node: Node) => string | undefined): string {
  const lines = ['digraph {', '  rankdir=RL;', '  graph [compound=true];'];
  for (const node of graph.order) {
    const color = colorOf(node);
    lines.push(
      `  n${node.rank} [shape=${node.item.outputs.length === 0 ? 'box' : 'plaintext'} label=${quote(labelOf(node, '\\n'))}${color === undefined ? '' : ` color=${color} fontcolor=${color}`}];`,
    );
  }
  for (const { from, to, isOptional } of links(graph)) lines.push(`  n${from.rank} -> n${to.rank}${isOptional ? ' [style=dashed]' : ''};`);
  return [...lines, '}', ''].join('\n');
}

function mermaid(graph: Graph, colorOf: (node: Node) => string | undefined): string {
  const lines = ['flowchart RL'];
  for (const node of graph.order) {
    lines.push(`  n${node.rank}[${quote(labelOf(node, '<br/>'))}]`);
    const color = colorOf(node);
    if (color !== undefined) lines.push(`  style n${node.rank} stroke:${color}`);
  }
  for (const { from, to, isOptional } of links(graph)) lines.push(`  n${from.rank} ${isOptional ? '-.->' : '-->'} n${to.rank}`);
  return [...lines, ''].join('\n');
}

function labelOf({ label, item, scope }: Node, newline: string): string {
  const provides = item.outputs.map(outputName).filter((key) => key !== label);
  return [scope.name === '' ? label : `${scope.name}/${label}`, ...provides].join(newline);
}

function quote(text: string): string {
  return `"${text.replaceAll('"', "'")}"`;
}
