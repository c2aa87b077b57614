import { outputName, type Graph, type Node } from './graph.ts';
import { planOf } from './report.ts';

const syntaxes = {
  dot: {
    whole: (body: string) => `digraph {\n  rankdir=RL;\n${body}\n}\n`,
    node: (node: Node, color = '') => {
      const shape = node.outputs.length === 0 ? 'box' : 'plaintext';
      return `  n${node.rank} [shape=${shape} label=${labelOf(node, '\\n')}${color && ` color=${color} fontcolor=${color}`}];`;
    },
    link: (from: Node, to: Node, isOptional: boolean) => `  n${from.rank} -> n${to.rank}${isOptional ? ' [style=dashed]' : ''};`,
  },
  mermaid: {
    whole: (body: string) => `flowchart RL\n${body}\n`,
    node: (node: Node, color = '') => `  n${node.rank}[${labelOf(node, '<br/>')}]${color && `\n  style n${node.rank} stroke:${color}`}`,
    link: (from: Node, to: Node, isOptional: boolean) => `  n${from.rank} ${isOptional ? '-.->' : '-->'} n${to.rank}`,
  },
} as const;

export type GraphFormat = keyof typeof syntaxes | 'json';

/** Draws the components that are built, with what each requires; failures of a start are coloured. */
export function draw(graph: Graph, format: GraphFormat): string {
  if (format === 'json') return JSON.stringify(planOf(graph), undefined, 2);
  const { whole, node, link } = syntaxes[format];
  const colors = colorsOf(graph);
  const nodes = graph.order.map((each) => node(each, colors.get(each)));
  const links = graph.order.flatMap((from) =>
    from.inputs.flatMap(({ form, options, sources }) =>
      sources.flatMap(({ node: to }) => (to.rank < 0 ? [] : link(from, to, form === 'optional' || options.soft === true))),
    ),
  );
  return whole([...nodes, ...links].join('\n'));
}

/** Red for what failed by itself, orange for what that took down, as in fx. */
function colorsOf({ order }: Graph): ReadonlyMap<Node, string> {
  const colors = new Map<Node, string>();
  for (const node of order) {
    const isBlocked = node.state === 'planned' && node.needs.some((each) => colors.has(each));
    if (node.state === 'failed' && node.failure?.code !== 'FX_INTERRUPTED') colors.set(node, 'red');
    else if (node.isLost || isBlocked) colors.set(node, 'orange');
  }
  return colors;
}

function labelOf({ label, outputs, scope }: Node, newline: string): string {
  const provides = outputs.map(outputName).filter((key) => key !== label);
  return `"${[scope.name === '' ? label : `${scope.name}/${label}`, ...provides].join(newline).replaceAll('"', "'")}"`;
}
