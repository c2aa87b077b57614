import type { Engine } from './engine.ts';
import { examine, FxError, type Finding } from './errors.ts';
import type { Happening } from './events.ts';
import { findingAt, pathTo } from './graph.ts';
import { isThenable, phases, type HookRecord, type Phase } from './lifecycle.ts';
import { needsOf, wrongValue } from './values.ts';
import type { Outcome, Step } from './walk.ts';

/** A start or a stop: the time that all of its calls have together, and what ends it early. */
export class Term {
  readonly engine: Engine;
  readonly begunAt: number;
  readonly endsAt: number;
  /** How long it took in milliseconds; undefined until it has succeeded. */
  runtimeMs: number | undefined = undefined;
  /** Calls still to come: without a limit of its own, each may take half of what is left, the last one all of it. */
  callsToCome: number;
  /** Why it must end early, once it must. */
  interruption: FxError | undefined = undefined;
  /** Calls that have not settled yet, and what ends the waiting for them. */
  readonly waiting = new Map<Call, (reason: FxError) => void>();

  constructor(engine: Engine, ms: number, callsToCome = 0) {
    this.engine = engine;
    this.begunAt = engine.life.clock.monotonic();
    this.endsAt = this.begunAt + ms;
    this.callsToCome = callsToCome;
  }

  /** Ends a start early: its hooks see their signals abort, and it fails with an error that says by whom. */
  interruptBy(who: string, cause?: unknown): void {
    if (this.interruption !== undefined) return;
    const fix = 'nothing, if this was wanted: everything that had started is stopped';
    this.interruption = new FxError([{ code: 'FX_INTERRUPTED', message: `the start was interrupted: ${who}`, fix, cause }]);
    for (const giveUp of this.waiting.values()) giveUp(this.interruption);
  }
}

/** One call of one function of a component. */
export class Call {
  declare readonly term: Term;
  declare readonly record: HookRecord;
  declare readonly phase: Phase;
  /** When it began, in milliseconds of the clock. */
  declare readonly begun: number;
  /** When the function must have settled, in milliseconds of `Clock.monotonic`; `Infinity` where there is no limit. */
  declare readonly deadline: number;
  /** How long it took; undefined until it is over. */
  runtimeMs: number | undefined = undefined;
  /** Given up, but not settled yet. */
  isStillRunning = false;
  #controller: AbortController | undefined;

  constructor(term: Term, record: HookRecord, phase: Phase) {
    const { clock, limits } = term.engine.life;
    const { bound } = phase;
    this.term = term;
    this.record = record;
    this.phase = phase;
    this.begun = clock.monotonic();
    term.callsToCome -= 1;
    const share = term.callsToCome > 0 ? (term.endsAt - this.begun) / 2 : Infinity;
    const own = record.hook.timeouts?.[bound] ?? record.node.item.definition.timeouts?.[bound];
    this.deadline = Math.min(this.begun + (own ?? limits[bound] ?? share), term.endsAt);
  }

  /** When it began, in milliseconds since the start or stop did. */
  get atMs(): number {
    return this.begun - this.term.begunAt;
  }

  /** Made only when somebody looks at it, because most hooks do not. */
  get controller(): AbortController {
    this.#controller ??= new AbortController();
    return this.#controller;
  }

  /** Aborted when the deadline passes or the start is interrupted. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }
}

/**
 * Calls a function of a component, and keeps what it yields. Fails with an error that says which function went wrong. A
 * synchronous call costs no timer and no promise.
 */
export function make(call: Call): Step {
  const { term, record, phase } = call;
  const { journal, builtIns } = term.engine.life;
  const { bound, during, name } = phase;
  record.calls[name] = call;
  record.state = during;
  if (journal.isHeard) tell(call);
  try {
    if (bound !== 'stop' && term.interruption !== undefined) throw term.interruption;
    if (bound !== 'stop' && call.deadline <= call.begun) throw timedOut(call);
    const value = phase.name === 'create' ? record.node.create(needsOf(record.node, builtIns)) : record.call(phase, call);
    return isThenable(value) ? wait(call, Promise.resolve(value)) : succeeded(call, value);
  } catch (error) {
    return failed(call, error);
  }
}

/** Waits for what has begun, at most until its deadline, or until the start is interrupted. */
async function wait(call: Call, running: Promise<unknown>): Promise<Outcome> {
  const { term, begun, deadline } = call;
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const giveUp = (reason: FxError): void => {
    call.isStillRunning = true;
    void Promise.allSettled([running]).then(([end]) => settledLate(call, end));
    call.controller.abort(reason);
    reject(reason);
  };
  const cancel = term.engine.life.clock.after(Math.max(0, deadline - begun), () => giveUp(timedOut(call)));
  term.waiting.set(call, giveUp);
  if (term.interruption !== undefined) giveUp(term.interruption);
  try {
    return succeeded(call, await Promise.race([givenUp, running]));
  } catch (error) {
    return failed(call, error);
  } finally {
    cancel();
    term.waiting.delete(call);
  }
}

function settledLate(call: Call, end: PromiseSettledResult<unknown>): void {
  const { term, record, phase } = call;
  const error: unknown = end.status === 'rejected' ? end.reason : undefined;
  call.isStillRunning = false;
  term.engine.life.journal.tell({ kind: 'SettledLate', hook: record.name, error }, record.node);
  // If the app has been started again since, the stop is for what that starts.
  if (phase === phases.start && end.status === 'fulfilled' && term === term.engine.current) term.engine.stopLate(record);
}

function succeeded(call: Call, value: unknown): Outcome {
  const { node } = call.record;
  const wrong = call.phase === phases.create ? wrongValue(node, value) : undefined;
  if (wrong !== undefined) return failed(call, wrong);
  if (call.phase === phases.create) {
    const { start, stop } = node.item.definition;
    node.value = value;
    node.isBuilt = true;
    if (start !== undefined || stop !== undefined) node.hooks = node.hooks.concat(call.record);
  }
  ended(call);
  return undefined;
}

function failed(call: Call, thrown: unknown): FxError {
  const { cause, message, thrownAt } = examine(thrown);
  ended(call, cause);
  if (cause instanceof FxError) return cause;
  const { label, mayFail } = call.record.node;
  const isSurvived = mayFail || call.phase.bound === 'stop';
  const otherwise = isSurvived ? 'everything else went on' : `if the app can do without ${label}, declare it onFailure: 'continue'`;
  return blame(call, 'FAILED', { message: `failed: ${message}`, thrownAt, fix: `see the cause; ${otherwise}`, cause });
}

function ended(call: Call, error?: unknown): void {
  const { term, record, phase, begun } = call;
  const { clock, journal } = term.engine.life;
  call.runtimeMs = clock.monotonic() - begun;
  record.state = phase === phases.start && error !== undefined ? 'failed' : phase.to;
  if (journal.isHeard) tell(call, { runtimeMs: call.runtimeMs, error });
}

/** Tells that a call begins or, with an outcome, that it has ended. */
function tell({ term, record, phase }: Call, outcome?: { readonly runtimeMs: number; readonly error: unknown }): void {
  const { journal } = term.engine.life;
  const { node, name: hook } = record;
  const { kind: kindOfRun, place } = node.item;
  const end = outcome === undefined ? 'Executing' : 'Executed';
  if (phase.event !== undefined) return journal.tell({ kind: `${phase.event}${end}`, hook, ...outcome } as Happening, node);
  if (kindOfRun === 'invoke' || node.outputs.length === 0)
    journal.tell(outcome === undefined ? { kind: 'Invoking' } : { kind: 'Invoked', place: String(place), ...outcome }, node);
  else journal.tell(outcome === undefined ? { kind: 'BeforeRun', kindOfRun } : { kind: 'Run', kindOfRun, ...outcome }, node);
  if (outcome !== undefined) journal.settle(node, outcome.error);
}

function timedOut(call: Call): FxError {
  const { term, record, phase, begun, deadline } = call;
  const seconds = `${Math.round(Math.max(0, deadline - begun)) / 1000} s`;
  const whole = phase.bound === 'stop' ? 'stop' : 'start';
  const limit = deadline < term.endsAt ? `its deadline of ${seconds}` : `the deadline of the whole ${whole} (${seconds} were left for it)`;
  const running = [...term.waiting.keys()].filter((each) => each !== call).map(({ record: { node, name } }) => `${node.label}/${name}`);
  const before = phase === phases.create ? 'constructed' : 'started';
  const done = term.engine.life.graph.order.filter((each) => each !== record.node && each.state === before).map(({ label }) => label);
  const message = `did not settle within ${limit}; also running: ${list(running)}; done: ${list(done)}`;
  return blame(call, 'TIMEOUT', { message, fix: 'make it honour its signal and return sooner, or give it a longer deadline ("timeouts")' });
}

function blame({ record, phase }: Call, how: 'FAILED' | 'TIMEOUT', what: Pick<Finding, 'message' | 'thrownAt' | 'fix' | 'cause'>): FxError {
  const { node, name, place } = record;
  const constructor = node.item.kind === 'invoke' ? 'invoked function' : 'constructor of';
  const subject = phase === phases.create ? `${constructor} ${node.label}` : `${phase.name} hook "${name}" of ${node.label}`;
  const where = { wantedBy: pathTo(node).join(' -> '), place: String(place) };
  return new FxError([findingAt(node, `${phase.code}_${how}`, { ...what, ...where, message: `${subject} ${what.message}` })]);
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(', ') || 'nothing';
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown;
}
