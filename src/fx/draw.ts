import { FxError } from './errors.ts';
import { outputName, type Graph, type Node } from './graph.ts';
import { planOf } from './report.ts';

export type GraphFormat = 'dot' | 'mermaid' | 'json';

/** Red for what failed, orange for what that took down, as in fx. */
const colors = { failed: 'red', lost: 'orange' } as const;

const syntaxes = {
  dot: {
    head: ['digraph {', '  rankdir=RL;', '  graph [compound=true];'],
    tail: ['}'],
    node: (node: Node, color: string | undefined) => {
      const shape = node.outputs.length === 0 ? 'box' : 'plaintext';
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
export function draw(graph: Graph, format: GraphFormat): string {
  if (format === 'json')
    return JSON.stringify(planOf(graph), (_key, value: unknown) => (value instanceof Error ? value.message : value), 2);
  const { head, tail, node, link } = syntaxes[format];
  const lost = new Set<Node>();
  const colorOf = (each: Node): string | undefined => {
    const isBlocked = each.state === 'planned' && each.needs.some((needed) => lost.has(needed));
    if (each.isLost || isBlocked) lost.add(each);
    return isGuilty(each) ? colors.failed : lost.has(each) ? colors.lost : undefined;
  };
  const nodes = graph.order.map((each) => node(each, colorOf(each)));
  const links = graph.order.flatMap((from) =>
    from.inputs.flatMap(({ form, options, sources }) =>
      sources.flatMap(({ node: to }) => (to.rank < 0 ? [] : link(from, to, form === 'optional' || options.soft === true))),
    ),
  );
  return [...head, ...nodes, ...links, ...tail, ''].join('\n');
}

/** Failed by itself, and not only interrupted because something else did. */
function isGuilty({ state, failure }: Node): boolean {
  return state === 'failed' && !(failure instanceof FxError && failure.code === 'FX_INTERRUPTED');
}

function labelOf({ label, outputs, scope }: Node, newline: string): string {
  const provides = outputs.map(outputName).filter((key) => key !== label);
  return `"${[scope.name === '' ? label : `${scope.name}/${label}`, ...provides].join(newline).replaceAll('"', "'")}"`;
}
