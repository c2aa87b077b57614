import type { Component } from './component.ts';
import { describeCondition } from './condition.ts';
import type { Finding } from './errors.ts';
import { outputName, pathTo, type Graph, type Node, type State } from './graph.ts';
import type { Item } from './item.ts';
import type { JobReport } from './jobs.ts';
import type { HookRecord } from './lifecycle.ts';
import { isToken, type Token } from './token.ts';

interface PlannedComponent {
  readonly component: string;
  /** The module that lists it; empty at top level. */
  readonly module: string;
  readonly kind: Item['kind'];
  readonly provides: readonly string[];
  readonly requires: readonly string[];
  /** Why it is built: the component that needs it, or `'root'`. */
  readonly because: string;
  /** Its condition in words, where it has one. */
  readonly when?: string;
  readonly onFailure: 'abort' | 'continue';
  readonly place: string;
}
interface Absent {
  readonly component: string;
  readonly module: string;
  readonly because: string;
  readonly place: string;
}

/** What a start would do. */
export interface Plan {
  readonly findings: readonly Finding[];
  /** In the order in which they are built and started; stop is the reverse. */
  readonly order: readonly PlannedComponent[];
  /** Listed, but not built: off by a condition, or needed by nobody. */
  readonly absent: readonly Absent[];
}

export interface ComponentReport {
  readonly component: string;
  readonly module: string;
  readonly state: State;
  /** When its constructor was called, in milliseconds since the start began; negative when an earlier start constructed it. */
  readonly createAtMs: number | undefined;
  readonly createMs: number | undefined;
  readonly hooks: readonly (Readonly<Pick<HookRecord, 'name' | 'state' | 'startMs' | 'stopMs' | 'isStillRunning'>> & {
    readonly place: string;
    /** When its start was called, in milliseconds since the start of the app began. */
    readonly startAtMs: number | undefined;
  })[];
  readonly jobs: readonly JobReport[];
  readonly failure?: unknown;
}

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

/** How another list differs from this one, by component name. */
export interface Difference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Same name, written elsewhere. */
  readonly replaced: readonly { readonly component: string; readonly from: string; readonly to: string }[];
  /** Same components on both sides, but in another order. */
  readonly moved: readonly string[];
}

export function planOf({ findings, order, gated, nodes }: Graph): Plan {
  const unneeded = nodes.filter(({ neededBy }) => neededBy === undefined);
  return {
    findings,
    order: order.map(planned),
    absent: [
      ...gated.map(({ item, scope, because }) => ({ component: item.name, module: scope.name, because, place: String(item.place) })),
      ...unneeded.map((node) => ({ ...whereabouts(node), because: 'nobody needs it', place: String(node.item.place) })),
    ],
  };
}

function whereabouts({ label, scope }: Node): { readonly component: string; readonly module: string } {
  return { component: label, module: scope.name };
}

function planned(node: Node): PlannedComponent {
  const { item, sources, neededBy } = node;
  return {
    ...whereabouts(node),
    kind: item.kind,
    provides: item.outputs.map(outputName),
    requires: sources.flat().map((source) => source.node.label),
    because: neededBy === undefined || neededBy === node ? 'root' : neededBy.label,
    ...(item.when === undefined ? {} : { when: describeCondition(item.when) }),
    onFailure: item.mayFail ? 'continue' : 'abort',
    place: String(item.place),
  };
}

/** @param begunAt when the start began, in milliseconds of the clock */
export function reportOf(node: Node, begunAt: number): ComponentReport {
  const { state, createdAt, createMs, failure, hooks, jobs } = node;
  const since = (at: number | undefined): number | undefined => (at === undefined ? undefined : at - begunAt);
  return {
    ...whereabouts(node),
    state,
    createAtMs: since(createdAt),
    createMs,
    hooks: hooks.map(({ node: _node, hook: _hook, startedAt, place, ...record }) => ({
      ...record,
      place: String(place),
      startAtMs: since(startedAt),
    })),
    jobs: jobs.map((job) => ({ ...job })),
    ...(failure === undefined ? {} : { failure }),
  };
}

export function isWell({ state, jobs }: ComponentReport): boolean {
  return state !== 'failed' && state !== 'skipped' && jobs.every(({ failures }) => failures === 0);
}

/** Why something is in the build, or why it is not, in one line per component. */
export function explain({ nodes, gated }: Graph, what: Token | Component | string): string {
  const isMeant = (label: string, item: Item): boolean =>
    item === what || label === what || item.outputs.some(({ token }) => token === what || token.key === what);
  const lines = [
    ...nodes.filter(({ label, item }) => isMeant(label, item)).map(presence),
    ...gated.flatMap(({ item, because }) => (isMeant(item.name, item) ? `${item.name} is off: ${because} (${String(item.place)})` : [])),
  ];
  const subject = isToken(what) ? what.key : typeof what === 'string' ? what : what.name;
  return lines.length === 0 ? `"${subject}" is not in this list: nothing here has that name or provides it` : lines.join('\n');
}

function presence(node: Node): string {
  const { label, item, neededBy } = node;
  if (neededBy === undefined) return `${label} is listed (${String(item.place)}), but nobody needs it`;
  const [root, ...path] = pathTo(node);
  return `${label} is built (${String(item.place)}): ${[`${root} (root)`, ...path].join(' -> ')}`;
}

export function differenceOf(mine: Plan, other: Plan): Difference {
  const [before, after] = [placesIn(mine), placesIn(other)];
  const common = [...after.keys()].filter((component) => before.has(component));
  const kept = [...before.keys()].filter((component) => after.has(component));
  return {
    added: [...after.keys()].filter((component) => !before.has(component)),
    removed: [...before.keys()].filter((component) => !after.has(component)),
    replaced: common
      .map((component) => ({ component, from: before.get(component) ?? '', to: after.get(component) ?? '' }))
      .filter(({ from, to }) => from !== to),
    moved: common.filter((component, at) => kept[at] !== component),
  };
}

function placesIn({ order }: Plan): ReadonlyMap<string, string> {
  return new Map(order.map(({ component, place }) => [component, place]));
}
