import type { Component } from './component.ts';
import { describeCondition } from './condition.ts';
import type { Finding } from './errors.ts';
import type { Graph, Node, Source } from './graph.ts';
import type { ComponentState, HookState, Instance } from './instance.ts';
import type { JobReport } from './jobs.ts';
import { isToken, type Token } from './token.ts';

interface PlannedComponent {
  readonly component: string;
  /** The module that lists it; empty at top level. */
  readonly module: string;
  readonly kind: Node['item']['kind'];
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
  readonly state: ComponentState;
  /** When its constructor was called, in milliseconds since the start began; negative when an earlier start constructed it. */
  readonly createAtMs: number | undefined;
  readonly createMs: number | undefined;
  readonly hooks: readonly {
    readonly name: string;
    readonly place: string;
    readonly state: HookState;
    /** When its start was called, in milliseconds since the start of the app began. */
    readonly startAtMs: number | undefined;
    readonly startMs: number | undefined;
    readonly stopMs: number | undefined;
    /** Given up at its deadline, and not settled since. */
    readonly isStillRunning: boolean;
  }[];
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

export function planOf(graph: Graph): Plan {
  return {
    findings: graph.findings,
    order: graph.order.map(plannedComponent),
    absent: [
      ...graph.gated.map(({ item, scope, because }) => ({ component: item.name, module: scope.name, because, place: String(item.place) })),
      ...graph.nodes
        .filter(({ neededBy }) => neededBy === undefined)
        .map((node) => ({ component: node.label, module: node.scope.name, because: 'nobody needs it', place: String(node.item.place) })),
    ],
  };
}

function plannedComponent(node: Node): PlannedComponent {
  const { item } = node;
  return {
    component: node.label,
    module: node.scope.name,
    kind: item.kind,
    provides: item.outputs.map(outputName),
    requires: node.sources.flat().map((source) => source.node.label),
    because: node.neededBy === node || node.neededBy === undefined ? 'root' : node.neededBy.label,
    ...(item.when === undefined ? {} : { when: describeCondition(item.when) }),
    onFailure: item.allowedToFail ? 'continue' : 'abort',
    place: String(item.place),
  };
}

export function outputName({ token, group }: Source['output']): string {
  return group === undefined ? token.key : `${token.key}[]`;
}

/** @param begunAt when the start began, in milliseconds of the clock */
export function reportOf(instance: Instance, begunAt: number): ComponentReport {
  const { node, state, createdAt, createMs, failure } = instance;
  const since = (at: number | undefined): number | undefined => (at === undefined ? undefined : at - begunAt);
  return {
    component: node.label,
    module: node.scope.name,
    state,
    createAtMs: since(createdAt),
    createMs,
    hooks: instance.hooks.map(({ name, place, state: hookState, startedAt, startMs, stopMs, isStillRunning }) => ({
      name,
      place: String(place),
      state: hookState,
      startAtMs: since(startedAt),
      startMs,
      stopMs,
      isStillRunning,
    })),
    jobs: instance.jobs.map((report) => report()),
    ...(failure === undefined ? {} : { failure }),
  };
}

export function isWell({ state, jobs }: ComponentReport): boolean {
  return state !== 'failed' && state !== 'skipped' && jobs.every(({ failures }) => failures === 0);
}

/** Why something is in the build, or why it is not, in one line per component. */
export function explain(graph: Graph, what: Token | Component | string): string {
  const subject = isToken(what) ? `"${what.key}"` : typeof what === 'string' ? `"${what}"` : `"${what.name}"`;
  const isMeant = ({ label, item }: { readonly label: string; readonly item: Node['item'] }): boolean =>
    isToken(what)
      ? item.outputs.some(({ token }) => token === what)
      : item === what || label === what || item.outputs.some(({ token }) => token.key === what);
  const lines = [
    ...graph.nodes.filter(isMeant).map(presence),
    ...graph.gated
      .filter(({ item }) => isMeant({ label: item.name, item }))
      .map(({ item, because }) => `${item.name} is off: ${because} (${String(item.place)})`),
  ];
  return lines.length === 0 ? `${subject} is not in this list: nothing here has that name or provides it` : lines.join('\n');
}

function presence(node: Node): string {
  const place = `(${String(node.item.place)})`;
  if (node.neededBy === undefined) return `${node.label} is listed ${place}, but nobody needs it`;
  const path: string[] = [];
  let each = node;
  for (; each.neededBy !== undefined && each.neededBy !== each; each = each.neededBy) path.unshift(each.label);
  return `${node.label} is built ${place}: ${[`${each.label} (root)`, ...path].join(' -> ')}`;
}

export function differenceOf(mine: Graph, other: Graph): Difference {
  const before = new Map(mine.order.map((node) => [node.label, node]));
  const after = new Map(other.order.map((node) => [node.label, node]));
  const common = [...after.keys()].filter((label) => before.has(label));
  const kept = [...before.keys()].filter((label) => after.has(label));
  return {
    added: [...after.keys()].filter((label) => !before.has(label)),
    removed: [...before.keys()].filter((label) => !after.has(label)),
    replaced: common.flatMap((label) => {
      const [from, to] = [String(before.get(label)?.item.place), String(after.get(label)?.item.place)];
      return from === to ? [] : [{ component: label, from, to }];
    }),
    moved: common.filter((label, index) => kept[index] !== label),
  };
}
