import type { Component } from './component.ts';
import { describeCondition } from './condition.ts';
import { outputName, pathTo, type Graph, type Node, type Port } from './graph.ts';
import type { HookRecord } from './lifecycle.ts';
import type { Token } from './token.ts';

/**
 * What a start would do: what is built and started in `order` (stop is the reverse), and what is listed but `absent`. `because`
 * says why it is built, by the component that needs it or `'root'`, or else why not; `when` is its condition in words;
 * `module` is the one that lists it, empty at top level.
 */
export type Plan = Shown<typeof planOf>;
/**
 * What became of it. It is `healthy` while no component has failed or been skipped, and no job is failing; the whole start took
 * `startMs` milliseconds, undefined until it has succeeded. Of each component `createAtMs`, and of each hook `startAtMs`, count
 * from the beginning of the start. A hook that `isStillRunning` was given up at its deadline and has not settled since.
 */
export type Report = Shown<typeof reportOf>;
/**
 * How another list differs from this one, by component name. `replaced`: same name, written elsewhere; `moved`: on both sides,
 * but in another order.
 */
export type Difference = Shown<typeof differenceOf>;

/** What a function returns, to be looked at only. */
type Shown<Make extends (...args: never[]) => object> = Frozen<ReturnType<Make>>;
type Frozen<T> = { readonly [Name in keyof T]: T[Name] extends readonly (infer Each extends object)[] ? readonly Frozen<Each>[] : T[Name] };

export function planOf({ findings, order, gated, nodes }: Graph) {
  const absent = [...gated, ...nodes.filter(({ neededBy }) => neededBy === undefined)];
  return { findings, order: order.map(planned), absent: absent.map(planned) };
}

function planned(node: Node) {
  const { kind, definition } = node.item;
  const { when, onFailure = 'abort' } = definition;
  const provides = node.outputs.map(outputName);
  const requires = node.needs.map(({ label }) => label);
  return { ...whereabouts(node), kind, provides, requires, because: reasonOf(node), when: when && describeCondition(when), onFailure };
}

/** Of the modules, the one that lists it; empty at top level. */
const whereabouts = ({ label, scope, item }: Node) => ({ component: label, module: scope.name, place: String(item.place) });

/** Why it is built: the component that needs it, or `'root'`; or else why not. */
function reasonOf(node: Node): string {
  const { neededBy, off = 'nobody needs it' } = node;
  if (neededBy === undefined) return off;
  return neededBy === node ? 'root' : neededBy.label;
}

export function reportOf({ order }: Graph, state: 'stopped' | 'starting' | 'started' | 'stopping', startMs: number | undefined) {
  const healthy = order.every(({ isLost, jobs }) => !isLost && jobs.every(({ failures }) => failures === 0));
  return { state, healthy, startMs, components: order.map(componentReport) };
}

function componentReport(node: Node) {
  const { state, failure } = node;
  const { atMs: createAtMs, runtimeMs: createMs } = node.own?.calls.create ?? {};
  const hooks = node.hooks.map(hookReport);
  const jobs = node.jobs.map((job) => ({ ...job }));
  return { ...whereabouts(node), state, createAtMs, createMs, failure, hooks, jobs };
}

function hookReport({ name, place, state, calls }: HookRecord) {
  const { start, stop } = calls;
  const isStillRunning = Object.values(calls).some((call) => call?.isStillRunning);
  return { name, place: String(place), state, startAtMs: start?.atMs, startMs: start?.runtimeMs, stopMs: stop?.runtimeMs, isStillRunning };
}

/** Why something is in the build, or why it is not, in one line per component. */
export function explain({ nodes, gated }: Graph, what: Token | Component | string): string {
  const isMeant = ({ label, item, outputs }: Node): boolean =>
    item === what || label === what || outputs.some(({ token }) => token === what || token.key === what);
  const lines = [...nodes, ...gated].filter(isMeant).map(presence);
  const subject = typeof what === 'string' ? what : what.name;
  return lines.length === 0 ? `"${subject}" is not in this list: nothing here has that name or provides it` : lines.join('\n');
}

function presence(node: Node): string {
  const { label, item, neededBy } = node;
  if (neededBy === undefined) return `${label} is not built (${String(item.place)}): ${reasonOf(node)}`;
  const [root, ...path] = pathTo(node);
  return `${label} is built (${String(item.place)}): ${[`${root} (root)`, ...path].join(' -> ')}`;
}

export function differenceOf(mine: Plan, other: Plan) {
  const [before, after] = [placesIn(mine), placesIn(other)];
  const added = [...after.keys()].filter((component) => !before.has(component));
  const removed = [...before.keys()].filter((component) => !after.has(component));
  const places = [...after].map(([component, to]) => ({ component, from: before.get(component) ?? to, to }));
  const stayed = [...before.keys()].filter((component) => after.has(component));
  const common = [...after.keys()].filter((component) => before.has(component));
  const moved = common.filter((component, at) => stayed[at] !== component);
  return { added, removed, replaced: places.filter(({ from, to }) => from !== to), moved };
}

const placesIn = ({ order }: Plan): ReadonlyMap<string, string> => new Map(order.map(({ component, place }) => [component, place]));

const syntaxes = {
  dot: {
    whole: (body: string) => `digraph {\n  rankdir=RL;\n  node [shape=box];\n${body}\n}\n`,
    node: (node: Node, color = '') => `  n${node.rank} [label=${labelOf(node, '\\n')}${color && ` color=${color} fontcolor=${color}`}];`,
    link: (input: Port, to: Node) => `  n${input.node.rank} -> n${to.rank}${canDoWithout(input) ? ' [style=dashed]' : ''};`,
  },
  mermaid: {
    whole: (body: string) => `flowchart RL\n${body}\n`,
    node: (node: Node, color = '') => `  n${node.rank}[${labelOf(node, '<br/>')}]${color && `\n  style n${node.rank} stroke:${color}`}`,
    link: (input: Port, to: Node) => `  n${input.node.rank} ${canDoWithout(input) ? '-.->' : '-->'} n${to.rank}`,
  },
} as const;

export type GraphFormat = keyof typeof syntaxes | 'json';

/** Draws the components that are built, with what each requires; failures of a start are coloured. */
export function draw(graph: Graph, format: GraphFormat): string {
  if (format === 'json') return JSON.stringify(planOf(graph), undefined, 2);
  const { whole, node, link } = syntaxes[format];
  const colors = colorsOf(graph);
  const nodes = graph.order.map((each) => node(each, colors.get(each)));
  const inputs = graph.order.flatMap((each) => each.inputs);
  const links = inputs.flatMap((input) => input.sources.flatMap(({ node: to }) => (to.rank < 0 ? [] : link(input, to))));
  return whole([...nodes, ...links].join('\n'));
}

const canDoWithout = ({ form, options }: Port): boolean => form === 'optional' || options.soft === true;

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
  const lines = [scope.name === '' ? label : `${scope.name}/${label}`, ...provides];
  return `"${lines.map((line) => line.replaceAll('"', "'").replaceAll('\\', '/')).join(newline)}"`;
}
