import type { Code } from './errors.ts';
import type { Event, EventOf } from './events.ts';
import { type Graph, type Node, type Scope } from './graph.ts';
import { outputName } from './report.ts';
import type { Token } from './token.ts';

/** The events that tell what a list declares: fx's own first, then every component in list order. */
export function* declarations(
  graph: Graph,
  { builtIns, at }: { readonly builtIns: Iterable<Token>; readonly at: number },
): Generator<{ readonly event: Event; readonly scope: Scope }> {
  const fx = { kind: 'Provided', at, component: 'fx', module: '', private: false, trace: [] } as const;
  for (const { key } of builtIns) yield { event: { ...fx, outputs: [key] }, scope: graph.root };
  for (const node of graph.nodes) {
    const { kind, outputs } = node.item;
    if (outputs.length > 0 && kind !== 'invoke')
      yield { event: { kind: declared[kind], at, ...declaration(node, graph) }, scope: node.scope };
  }
  for (const { item, scope, because } of graph.gated)
    yield { event: { kind: 'Gated', at, component: item.name, module: scope.name, because }, scope };
}

const declared = { provide: 'Provided', supply: 'Supplied', decorate: 'Decorated', replace: 'Replaced' } as const;
const blamed: readonly Code[] = ['FX_DUPLICATE', 'FX_BAD_DEFINITION'];

function declaration(node: Node, graph: Graph): Omit<EventOf<'Provided'>, 'kind' | 'at'> {
  const trace = [String(node.item.place)];
  for (let scope: Scope | undefined = node.scope; scope?.place !== undefined; scope = scope.parent)
    trace.push(`${String(scope.place)} (${scope.name})`);
  const finding = graph.findings.find(({ component, code }) => component === node.label && blamed.includes(code));
  return {
    component: node.label,
    module: node.scope.name,
    outputs: node.item.outputs.map(outputName),
    private: node.visibleIn !== graph.root,
    trace,
    ...(finding === undefined ? {} : { error: new Error(finding.message) }),
  };
}
