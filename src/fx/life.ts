import type { List } from './component.ts';
import type { Settings } from './condition.ts';
import { errorOf } from './errors.ts';
import { sink, type EventSink } from './events.ts';
import type { Node } from './graph.ts';
import { Journal } from './journal.ts';
import { plan } from './plan.ts';
import { systemClock, systemProcess, type Clock, type Process } from './system.ts';
import type { BuiltIns } from './values.ts';

export interface AppOptions {
  /** Where conditions (`when`) read settings. */
  readonly settings?: Settings;
  /** Get every event from the first on. With `TRACE_FX=1` in the environment, fx's console lines go to standard error. */
  readonly sinks?: readonly EventSink[];
  /** For constructing, starting and getting ready together. Default: `DD_FX_START_TIMEOUT_SECONDS`, or 5 minutes. */
  readonly startTimeoutMs?: number;
  /** For draining and stopping together, also after a failed start. Default: `DD_FX_STOP_TIMEOUT_SECONDS`, or 5 minutes. */
  readonly stopTimeoutMs?: number;
  /** For each constructor that has no limit of its own. Default: what is left of the start. */
  readonly createTimeoutMs?: number;
  /** For each start and ready hook that has no limit of its own. Default: what is left of the start. */
  readonly hookTimeoutMs?: number;
  /** How many independent components are constructed, started or stopped at the same time. Default 1: fx's order exactly. */
  readonly concurrency?: number;
  /** Time; tests give a manual one. */
  readonly clock?: Clock;
  readonly process?: Process;
}

/** The test kit also looks at every component that is planned, before anything is built: it injects faults. */
export type Internals = AppOptions & { readonly intercept?: (node: Node) => void };

/** One attempt at a list: planned with the app, and anew after a construction that failed, so that nothing of it is left. */
export type Life = Readonly<ReturnType<typeof conceive>>;

/** @param builtIns what the framework itself provides */
export function conceive(list: List, options: Internals, builtIns: BuiltIns) {
  const { settings, intercept, sinks = [], concurrency = 1, createTimeoutMs = Infinity, hookTimeoutMs = Infinity } = options;
  const { clock = systemClock, process = systemProcess } = options;
  const { DD_FX_START_TIMEOUT_SECONDS: startSeconds, DD_FX_STOP_TIMEOUT_SECONDS: stopSeconds, TRACE_FX: trace } = process.env;
  const { startTimeoutMs = millisecondsOf(startSeconds), stopTimeoutMs = millisecondsOf(stopSeconds) } = options;
  const graph = plan(list, settings, builtIns);
  if (intercept !== undefined) graph.order.forEach(intercept);
  const stderr = sink.console((text) => process.warn(text));
  const heard = trace === '1' ? [...sinks, stderr] : sinks;
  const loggers = trace === '0' ? [] : graph.loggers;
  const journal = new Journal({ clock, root: graph.root, sinks: heard, loggers, fallback: stderr });
  /** Why it cannot begin. */
  const error = errorOf(graph.findings);
  const limits = { create: createTimeoutMs, start: hookTimeoutMs, stop: undefined };
  return { graph, error, journal, builtIns, clock, process, concurrency, limits, startTimeoutMs, stopTimeoutMs };
}

/** Of integer seconds; anything else is the default, as in Datadog's fxutil. */
const millisecondsOf = (seconds = ''): number => (/^\d+$/.test(seconds) ? Number(seconds) * 1000 : 300_000);
