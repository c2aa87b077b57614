import { FxError } from './errors.ts';
import type { Graph, Node } from './graph.ts';
import { isLost, type Instance } from './instance.ts';
import { outputName, planOf } from './report.ts';

export type GraphFormat = 'dot' | 'mermaid' | 'json';

/** Red for what failed, orange for what that took down, as in fx. */
const colors = { failed: 'red', lost: 'orange' } as const;

const syntaxes = {
  dot: {
    head: ['digraph {', '  rankdir=RL;', '  graph [compound=true];'],
    tail: ['}'],
    node: (node: Node, color: string | undefined) => {
      const shape = node.item.outputs.length === 0 ? 'box' : 'plaintext';
      const colored = color === undefined ? '' : ` color=${color} fontcolor=${color}`;
      return `  n${node.rank} [shape=${shape} label=${labelOf(node, '\\n')}${colored}];`;
    },
    link: (from: Node, to: Node, isOptional: boolean) => `  n${from.rank} -> n${to.rank}${isOptional ? ' [style=dashed]' : ''};`,
  },
  mermaid: {
    head: ['flowchart RL'],
    tail: [],
    node: (node: Node, color: string | undefined) =>
      `  n${node.rank}[${labelOf(node, '<br/>')}]${color === undefined ? '' : `\n  style n${node.rank} stroke:${color}`}`,
    link: (from: Node, to: Node, isOptional: boolean) => `  n${from.rank} ${isOptional ? '-.->' : '-->'} n${to.rank}`,
  },
} as const;

/** Draws the components that are built, with what each requires; failures of a start are coloured. */
export function draw(graph: Graph, format: GraphFormat, instances: readonly Instance[]): string {
  if (format === 'json')
    return JSON.stringify(planOf(graph), (_key, value: unknown) => (value instanceof Error ? value.message : value), 2);
  const { head, tail, node, link } = syntaxes[format];
  const lost = lostIn(graph, instances);
  const nodes = graph.order.map((each) =>
    node(each, isGuilty(instances[each.rank]) ? colors.failed : lost.has(each) ? colors.lost : undefined),
  );
  const links = graph.order.flatMap((from) =>
    from.item.inputs.flatMap(({ form, soft }, at) =>
      (from.sources[at] ?? []).flatMap(({ node: to }) => (to.rank < 0 ? [] : link(from, to, form === 'optional' || soft))),
    ),
  );
  return [...head, ...nodes, ...links, ...tail, ''].join('\n');
}

/** Failed by itself, and not only interrupted because something else did. */
function isGuilty(instance: Instance | undefined): boolean {
  return instance?.state === 'failed' && !(instance.failure instanceof FxError && instance.failure.code === 'FX_INTERRUPTED');
}

/** What failed, and what was skipped or never reached because of that. */
function lostIn(graph: Graph, instances: readonly Instance[]): ReadonlySet<Node> {
  const lost = new Set<Node>();
  for (const node of graph.order) {
    const instance = instances[node.rank];
    if (instance === undefined) continue;
    const isBlocked = instance.state === 'planned' && node.sources.flat().some((source) => lost.has(source.node));
    if (isLost(instance) || isBlocked) lost.add(node);
  }
  return lost;
}

function labelOf({ label, item, scope }: Node, newline: string): string {
  const provides = item.outputs.map(outputName).filter((key) => key !== label);
  return `"${[scope.name === '' ? label : `${scope.name}/${label}`, ...provides].join(newline).replaceAll('"', "'")}"`;
}
