import type { Component } from './component.ts';
import { describeCondition } from './condition.ts';
import { outputName, pathTo, type Graph, type Node } from './graph.ts';
import { isToken, type Token } from './token.ts';

/** What a start would do. */
export type Plan = Shown<typeof planOf>;
/** What became of a component. */
export type ComponentReport = Shown<typeof reportOf>;
/** How another list differs from this one, by component name. */
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
  return {
    findings,
    /** In the order in which they are built and started; stop is the reverse. */
    order: order.map(planned),
    /** Listed, but not built: off by a condition, or needed by nobody. */
    absent: absent.map((node) => ({ ...whereabouts(node), because: node.off ?? 'nobody needs it', place: String(node.item.place) })),
  };
}

function whereabouts({ label, scope }: Node) {
  return {
    component: label,
    /** The module that lists it; empty at top level. */
    module: scope.name,
  };
}

function planned(node: Node) {
  const { item, needs, outputs, neededBy } = node;
  return {
    ...whereabouts(node),
    kind: item.kind,
    provides: outputs.map(outputName),
    requires: needs.map(({ label }) => label),
    /** Why it is built: the component that needs it, or `'root'`. */
    because: neededBy === undefined || neededBy === node ? 'root' : neededBy.label,
    /** Its condition in words, where it has one. */
    when: item.definition.when && describeCondition(item.definition.when),
    onFailure: node.mayFail ? ('continue' as const) : ('abort' as const),
    place: String(item.place),
  };
}

/** @param begunAt when the start began, in milliseconds of the clock */
export function reportOf(node: Node, begunAt: number) {
  const { state, createdAt, createMs, failure, hooks, jobs } = node;
  const since = (at: number | undefined): number | undefined => (at === undefined ? undefined : at - begunAt);
  return {
    ...whereabouts(node),
    state,
    /** When its constructor was called, in milliseconds since the start began; negative when an earlier start constructed it. */
    createAtMs: since(createdAt),
    createMs,
    hooks: hooks.map(({ name, place, state: hookState, startedAt, startMs, stopMs, isStillRunning }) => ({
      name,
      place: String(place),
      state: hookState,
      /** When its start was called, in milliseconds since the start of the app began. */
      startAtMs: since(startedAt),
      startMs,
      stopMs,
      /** Given up at its deadline, and not settled since. */
      isStillRunning,
    })),
    jobs: jobs.map((job) => ({ ...job })),
    failure,
  };
}

export function isWell({ state, jobs }: ComponentReport): boolean {
  return state !== 'failed' && state !== 'skipped' && jobs.every(({ failures }) => failures === 0);
}

/** Why something is in the build, or why it is not, in one line per component. */
export function explain({ nodes, gated }: Graph, what: Token | Component | string): string {
  const isMeant = ({ label, item, outputs }: Node): boolean =>
    item === what || label === what || outputs.some(({ token }) => token === what || token.key === what);
  const lines = [...nodes, ...gated].filter(isMeant).map(presence);
  const subject = isToken(what) ? what.key : typeof what === 'string' ? what : what.name;
  return lines.length === 0 ? `"${subject}" is not in this list: nothing here has that name or provides it` : lines.join('\n');
}

function presence(node: Node): string {
  const { label, item, off, neededBy } = node;
  if (off !== undefined) return `${label} is off: ${off} (${String(item.place)})`;
  if (neededBy === undefined) return `${label} is listed (${String(item.place)}), but nobody needs it`;
  const [root, ...path] = pathTo(node);
  return `${label} is built (${String(item.place)}): ${[`${root} (root)`, ...path].join(' -> ')}`;
}

export function differenceOf(mine: Plan, other: Plan) {
  const [before, after] = [placesIn(mine), placesIn(other)];
  const common = [...after.keys()].filter((component) => before.has(component));
  const kept = [...before.keys()].filter((component) => after.has(component));
  return {
    added: [...after.keys()].filter((component) => !before.has(component)),
    removed: [...before.keys()].filter((component) => !after.has(component)),
    /** Same name, written elsewhere. */
    replaced: common
      .map((component) => ({ component, from: before.get(component) ?? '', to: after.get(component) ?? '' }))
      .filter(({ from, to }) => from !== to),
    /** Same components on both sides, but in another order. */
    moved: common.filter((component, at) => kept[at] !== component),
  };
}

const placesIn = ({ order }: Plan): ReadonlyMap<string, string> => new Map(order.map(({ component, place }) => [component, place]));
