import type { Life } from './app.ts';
import { FxError, messageOf, type Finding } from './errors.ts';
import type { Happening } from './events.ts';
import { pathTo, type Node } from './graph.ts';
import { CallContext, HookRecord, isThenable, type HookPhase } from './lifecycle.ts';
import { needsOf, wrongValue } from './values.ts';
import type { Outcome, Step } from './walk.ts';

/** What the codes of a phase begin with when one of a component's functions goes wrong. */
const codes = { create: 'FX_CREATE', start: 'FX_START', ready: 'FX_START', drain: 'FX_STOP', stop: 'FX_STOP' } as const;
/** What the events of a hook's phase begin with. */
const kinds = { start: 'OnStart', ready: 'OnReady', drain: 'OnDrain', stop: 'OnStop' } as const;
type Phase = keyof typeof codes;

const isOfStart = (phase: Phase): boolean => phase !== 'drain' && phase !== 'stop';

/** One call of one function of a component: of its constructor or, with a record, of one of its hooks. */
interface Call {
  readonly node: Node;
  readonly phase: Phase;
  readonly record: HookRecord | undefined;
  /** When it began, and when it must have settled, in milliseconds of the clock. */
  readonly begun: number;
  readonly deadline: number;
  /** What a hook is given. */
  readonly context: CallContext | undefined;
}

/** Present when it went wrong. */
interface Failure {
  readonly error?: unknown;
}

/** Makes all calls of components' functions, within their bounds. */
export class Caller {
  readonly #life: Life;
  /** Told of a start hook that was given up and then succeeded after all. */
  readonly #startedLate: (record: HookRecord) => void;
  /** When the start began, in milliseconds of the clock, and when the start and the stop must be over. */
  begunAt = 0;
  #startBy = Infinity;
  #stopBy = Infinity;
  #hooksToStop = 0;
  /** Why the running start must end, once it must. */
  interruption: FxError | undefined;
  /** End the waiting for calls of the start that have not settled yet. */
  readonly #waiting = new Set<(reason: FxError) => void>();

  constructor(life: Life, startedLate: (record: HookRecord) => void) {
    this.#life = life;
    this.#startedLate = startedLate;
  }

  /** Begins a start that must be over within `ms` milliseconds. */
  beginStart(ms: number): void {
    this.interruption = undefined;
    this.begunAt = this.#life.clock.monotonic();
    this.#startBy = this.begunAt + ms;
  }

  /** Begins the time that so many drain and stop hooks have together. */
  beginStop(hooks: number): void {
    this.#hooksToStop = hooks;
    this.#stopBy = this.#life.clock.monotonic() + this.#life.stopTimeoutMs;
  }

  /** The running start was interrupted, or its time is up. */
  get isOver(): boolean {
    return this.interruption !== undefined || this.#life.clock.monotonic() >= this.#startBy;
  }

  /** Ends the running start early: its hooks see their signals abort, and it fails with an error that says by whom. */
  interruptBy(who: string, cause?: unknown): void {
    if (this.interruption !== undefined) return;
    const fix = 'nothing, if this was wanted: everything that had started is stopped';
    this.interruption = new FxError([{ code: 'FX_INTERRUPTED', message: `the start was interrupted: ${who}`, fix, cause }]);
    for (const giveUp of this.#waiting) giveUp(this.interruption);
  }

  /**
   * Keeps what the call yields; fails with an error that says which function of which component went wrong. A synchronous
   * call costs no timer and no promise.
   */
  make(node: Node, phase: Phase, record?: HookRecord): Step {
    const begun = this.#life.clock.monotonic();
    const deadline = isOfStart(phase) ? this.#startDeadline(begun, node, record) : this.#stopDeadline(begun, node, record);
    const call: Call = { node, phase, record, begun, deadline, context: record && new CallContext(deadline) };
    if (this.#life.journal.isHeard) this.#tell(call);
    let value: unknown;
    try {
      if (isOfStart(phase)) this.#checkTime(call);
      value = call.context === undefined ? this.#create(node) : record?.call(phase as HookPhase, begun - this.begunAt, call.context);
    } catch (error) {
      return this.#failed(call, error);
    }
    return isThenable(value) ? this.#wait(call, Promise.resolve(value)) : this.#succeeded(call, value);
  }

  #checkTime(call: Call): void {
    if (this.interruption !== undefined) throw this.interruption;
    if (call.deadline <= call.begun) throw this.#timedOut(call);
  }

  #startDeadline(begun: number, { item }: Node, record: HookRecord | undefined): number {
    const { timeouts } = item.definition;
    const { createTimeoutMs, hookTimeoutMs } = this.#life;
    const ms =
      record === undefined ? (timeouts?.create ?? createTimeoutMs) : (record.hook.timeouts?.start ?? timeouts?.start ?? hookTimeoutMs);
    return ms === Infinity ? this.#startBy : Math.min(begun + ms, this.#startBy);
  }

  /** Without a limit of its own, a hook gets half of what is left, and the last one all of it. */
  #stopDeadline(begun: number, { item }: Node, record: HookRecord | undefined): number {
    this.#hooksToStop -= 1;
    const share = this.#hooksToStop > 0 ? (this.#stopBy - begun) / 2 : Infinity;
    return Math.min(begun + (record?.hook.timeouts?.stop ?? item.definition.timeouts?.stop ?? share), this.#stopBy);
  }

  #create(node: Node): unknown {
    const needs = needsOf(node, this.#life.builtIns);
    const { intercept } = this.#life;
    return intercept === undefined ? node.create(needs) : intercept(node, () => node.create(needs));
  }

  /** Waits for something that has begun, at most until its deadline, or until the start is interrupted. */
  async #wait(call: Call, running: Promise<unknown>): Promise<Outcome> {
    const { phase, record, begun, deadline, context } = call;
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    const giveUp = (reason: FxError): void => {
      if (record !== undefined) record.isStillRunning = true;
      running.then(
        () => this.#settledLate(call, {}),
        (error: unknown) => this.#settledLate(call, { error }),
      );
      context?.controller.abort(reason);
      reject(reason);
    };
    const cancel =
      deadline === Infinity ? () => {} : this.#life.clock.after(Math.max(0, deadline - begun), () => giveUp(this.#timedOut(call)));
    if (isOfStart(phase)) this.#waiting.add(giveUp);
    if (isOfStart(phase) && this.interruption !== undefined) giveUp(this.interruption);
    try {
      return this.#succeeded(call, await Promise.race([givenUp, running]));
    } catch (error) {
      return this.#failed(call, error);
    } finally {
      cancel();
      this.#waiting.delete(giveUp);
    }
  }

  #settledLate({ node, phase, record }: Call, failure: Failure): void {
    this.#life.journal.tell({ kind: 'SettledLate', hook: record?.name ?? node.label, ...failure }, node);
    if (record === undefined) return;
    record.isStillRunning = false;
    if (phase === 'start' && !('error' in failure)) this.#startedLate(record);
  }

  #succeeded(call: Call, value: unknown): Outcome {
    const { node, record } = call;
    const wrong = record === undefined ? wrongValue(node, value) : undefined;
    if (wrong !== undefined) return this.#failed(call, wrong);
    this.#ended(call, {});
    if (record !== undefined) return undefined;
    const { definition, place } = node.item;
    node.value = value;
    node.isBuilt = true;
    node.state = 'constructed';
    if (definition.start !== undefined || definition.stop !== undefined)
      node.hooks = node.hooks.concat(new HookRecord(node, definition, place));
    if (this.#life.journal.isHeard) this.#life.journal.settle(node, {});
    return undefined;
  }

  #failed(call: Call, error: unknown): FxError {
    this.#ended(call, { error });
    if (error instanceof FxError) return error;
    const { mayFail, label } = call.node;
    const code = `${codes[call.phase]}_FAILED` as const;
    const isSurvived = code === 'FX_STOP_FAILED' || mayFail;
    const otherwise = isSurvived ? 'everything else went on' : `if the app can do without ${label}, declare it onFailure: 'continue'`;
    return blame(call, {
      code,
      message: `${describe(call)} failed: ${messageOf(error)}`,
      fix: `see the cause; ${otherwise}`,
      cause: error,
    });
  }

  #ended(call: Call, failure: Failure): void {
    const runtimeMs = this.#life.clock.monotonic() - call.begun;
    const { node, phase, record } = call;
    if (record === undefined) {
      node.createAtMs = call.begun - this.begunAt;
      node.createMs = runtimeMs;
    } else if (phase === 'start') {
      record.state = 'error' in failure ? 'failed' : 'started';
      record.startMs = runtimeMs;
    } else if (phase === 'stop') {
      record.state = 'stopped';
      record.stopMs = runtimeMs;
    }
    if (this.#life.journal.isHeard) this.#tell(call, { runtimeMs, ...failure });
  }

  /** Tells that a call begins or, with an outcome, that it has ended. */
  #tell({ node, phase, record }: Call, outcome?: Failure & { readonly runtimeMs: number }): void {
    const { journal } = this.#life;
    const { kind: kindOfRun, place } = node.item;
    if (phase !== 'create') {
      const kind = `${kinds[phase]}${outcome === undefined ? 'Executing' : 'Executed'}` as const;
      journal.tell({ kind, hook: record?.name, ...outcome } as Happening, node);
    } else if (kindOfRun === 'invoke' || node.outputs.length === 0) {
      journal.tell(outcome === undefined ? { kind: 'Invoking' } : { kind: 'Invoked', place: String(place), ...outcome }, node);
    } else {
      journal.tell(outcome === undefined ? { kind: 'BeforeRun', kindOfRun } : { kind: 'Run', kindOfRun, ...outcome }, node);
    }
    if (phase === 'create' && outcome !== undefined && 'error' in outcome) journal.settle(node, { error: outcome.error });
  }

  #timedOut(call: Call): FxError {
    const { begun, deadline, phase } = call;
    const seconds = `${Math.round(Math.max(0, deadline - begun)) / 1000} s`;
    const limit =
      deadline !== this.#startBy ? `its deadline of ${seconds}` : `the deadline of the whole start (${seconds} were left for it)`;
    const others = this.#life.graph.order.filter((each) => each !== call.node);
    const running = others.flatMap(({ label, hooks }) =>
      hooks.filter(({ state }) => state === 'starting' || state === 'stopping').map(({ name }) => `${label}/${name}`),
    );
    const done = others.filter(({ state }) => state === (phase === 'create' ? 'constructed' : 'started')).map(({ label }) => label);
    const message = `${describe(call)} did not settle within ${limit}; also running: ${list(running)}; done: ${list(done)}`;
    const fix = 'make it honour its signal and return sooner, or give it a longer deadline ("timeouts")';
    return blame(call, { code: `${codes[phase]}_TIMEOUT`, message, fix });
  }
}

function blame({ node, record }: Call, what: Finding): FxError {
  const place = String(record?.place ?? node.item.place);
  return new FxError([{ component: node.label, wantedBy: pathTo(node).join(' -> '), place, ...what }]);
}

function describe({ node: { item, label }, phase, record }: Call): string {
  if (record !== undefined) return `${phase} hook "${record.name}" of ${label}`;
  return item.kind === 'invoke' ? `invoked function ${label}` : `constructor of ${label}`;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(', ') || 'nothing';
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown;
}
