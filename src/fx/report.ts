import type { Component } from './component.ts';
import { describeCondition } from './condition.ts';
import { outputName, pathTo, type Graph, type Node } from './graph.ts';
import type { HookRecord } from './lifecycle.ts';
import type { Token } from './token.ts';

/**
 * What a start would do: what is built and started in `order` (stop is the reverse), and what is listed but `absent`. `because`
 * says why it is built, by the component that needs it or `'root'`, or else why not; `when` is its condition in words;
 * `module` is the one that lists it, empty at top level.
 */
export type Plan = Shown<typeof planOf>;
/**
 * What became of a component, its hooks and its jobs. `createAtMs` and `startAtMs` count from the beginning of the app's start.
 * A hook that `isStillRunning` was given up at its deadline and has not settled since.
 */
export type ComponentReport = Shown<typeof reportOf>;
/**
 * How another list differs from this one, by component name. `replaced`: same name, written elsewhere; `moved`: on both sides,
 * but in another order.
 */
export type Difference = Shown<typeof differenceOf>;

/** What became of it. */
export interface Report {
  readonly state: 'stopped' | 'starting' | 'started' | 'stopping';
  /** No component has failed or been skipped, and no job is failing. */
  readonly healthy: boolean;
  /** How long the whole start took in milliseconds; undefined until it has succeeded. */
  readonly startMs: number | undefined;
  /** In planned order. */
  readonly components: readonly ComponentReport[];
}

/** What a function returns, to be looked at only. */
type Shown<Make extends (...args: never[]) => object> = Frozen<ReturnType<Make>>;
type Frozen<T> = { readonly [Name in keyof T]: T[Name] extends readonly (infer Each extends object)[] ? readonly Frozen<Each>[] : T[Name] };

export function planOf({ findings, order, gated, nodes }: Graph) {
  const absent = [...gated, ...nodes.filter(({ neededBy }) => neededBy === undefined)];
  return { findings, order: order.map(planned), absent: absent.map(planned) };
}

function planned(node: Node) {
  const { item, needs, outputs, mayFail } = node;
  return {
    ...whereabouts(node),
    kind: item.kind,
    provides: outputs.map(outputName),
    requires: needs.map(({ label }) => label),
    because: reasonOf(node),
    when: item.definition.when && describeCondition(item.definition.when),
    onFailure: mayFail ? ('continue' as const) : ('abort' as const),
  };
}

const whereabouts = ({ label, scope, item }: Node) => ({ component: label, module: scope.name, place: String(item.place) });

/** Why it is built: the component that needs it, or `'root'`; or else why not. */
function reasonOf(node: Node): string {
  const { neededBy, off = 'nobody needs it' } = node;
  if (neededBy === undefined) return off;
  return neededBy === node ? 'root' : neededBy.label;
}

export function reportOf(node: Node) {
  const { state, own, failure, hooks, jobs } = node;
  return {
    ...whereabouts(node),
    state,
    createAtMs: own?.calls.create?.atMs,
    createMs: own?.calls.create?.runtimeMs,
    failure,
    hooks: hooks.map(hookReport),
    jobs: jobs.map((job) => ({ ...job })),
  };
}

function hookReport({ name, place, state, calls }: HookRecord) {
  const { start, stop } = calls;
  const isStillRunning = Object.values(calls).some((call) => call.isStillRunning);
  return { name, place: String(place), state, startAtMs: start?.atMs, startMs: start?.runtimeMs, stopMs: stop?.runtimeMs, isStillRunning };
}

export const isWell = ({ state, jobs }: ComponentReport): boolean =>
  state !== 'failed' && state !== 'skipped' && jobs.every(({ failures }) => failures === 0);

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
