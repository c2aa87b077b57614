import type { Life } from './app.ts';
import { FxError, messageOf, type Finding } from './errors.ts';
import type { Happening } from './events.ts';
import { pathTo, type Node } from './graph.ts';
import { CallContext, HookRecord, isThenable } from './lifecycle.ts';
import { needsOf, wrongValue } from './values.ts';
import type { Outcome, Step } from './walk.ts';

/** What the codes of a phase begin with when one of a component's functions goes wrong. */
const codes = { create: 'FX_CREATE', start: 'FX_START', ready: 'FX_START', drain: 'FX_STOP', stop: 'FX_STOP' } as const;
/** What the events of a hook's phase begin with. */
const kinds = { start: 'OnStart', ready: 'OnReady', drain: 'OnDrain', stop: 'OnStop' } as const;
type Phase = keyof typeof codes;

/** One call of one function of a component: of its constructor or, with a record, of one of its hooks. */
interface Call {
  readonly node: Node;
  readonly phase: Phase;
  readonly isOfStart: boolean;
  readonly record: HookRecord | undefined;
  /** In milliseconds of the clock. */
  readonly begun: number;
  /** Milliseconds that it may take, and whether that is its own limit or what was left of the whole start. */
  readonly ms: number;
  readonly isOwn: boolean;
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
    const isOfStart = phase !== 'drain' && phase !== 'stop';
    const left = Math.max(0, (isOfStart ? this.#startBy : this.#stopBy) - begun);
    const own = isOfStart ? this.#limitOfStart(node, record) : this.#limitOfStop(left, record);
    const ms = Math.min(own, left);
    const call: Call = { node, phase, isOfStart, record, begun, ms, isOwn: own <= left, context: record && new CallContext(begun + ms) };
    if (this.#life.journal.isHeard) this.#tell(call);
    let value: unknown;
    try {
      if (isOfStart) this.#checkTime(call);
      value = record === undefined || call.context === undefined ? this.#create(node) : run(record, call, call.context);
    } catch (error) {
      return this.#failed(call, error);
    }
    return isThenable(value) ? this.#wait(call, value) : this.#succeeded(call, value);
  }

  #checkTime(call: Call): void {
    if (this.interruption !== undefined) throw this.interruption;
    if (call.ms <= 0) throw this.#timedOut(call);
  }

  #limitOfStart({ item: { timeouts } }: Node, record: HookRecord | undefined): number {
    if (record === undefined) return timeouts?.create ?? this.#life.createTimeoutMs;
    return record.hook.timeouts?.start ?? timeouts?.start ?? this.#life.hookTimeoutMs;
  }

  /** Without a limit of its own, a hook gets half of what is left, and the last one all of it. */
  #limitOfStop(left: number, record: HookRecord | undefined): number {
    const share = this.#hooksToStop > 1 ? left / 2 : left;
    this.#hooksToStop -= 1;
    return record?.hook.timeouts?.stop ?? record?.node.item.timeouts?.stop ?? share;
  }

  #create(node: Node): unknown {
    const needs = needsOf(node, this.#life.builtIns);
    const { intercept } = this.#life;
    return intercept === undefined ? node.item.create(needs) : intercept(node, () => node.item.create(needs));
  }

  async #wait(call: Call, running: PromiseLike<unknown>): Promise<Outcome> {
    let value: unknown;
    try {
      value = await this.#within(call, running);
    } catch (error) {
      return this.#failed(call, error);
    }
    return this.#succeeded(call, value);
  }

  /** Waits for something that has begun, at most until its deadline, or until the start is interrupted. */
  #within(call: Call, running: PromiseLike<unknown>): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    let isOver = false;
    const finish = (): boolean => {
      if (isOver) return false;
      isOver = true;
      cancel();
      this.#waiting.delete(giveUp);
      return true;
    };
    const giveUp = (reason: FxError): void => {
      if (!finish()) return;
      if (call.record !== undefined) call.record.isStillRunning = true;
      call.context?.abort(reason);
      reject(reason);
    };
    const cancel = call.ms === Infinity ? () => {} : this.#life.clock.after(call.ms, () => giveUp(this.#timedOut(call)));
    if (call.isOfStart) {
      this.#waiting.add(giveUp);
      if (this.interruption !== undefined) giveUp(this.interruption);
    }
    running.then(
      (value) => (finish() ? resolve(value) : this.#settledLate(call, {})),
      (error: unknown) => (finish() ? reject(error as Error) : this.#settledLate(call, { error })),
    );
    return promise;
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
    const { item } = node;
    node.value = value;
    node.isBuilt = true;
    node.state = 'constructed';
    if (item.start !== undefined || item.stop !== undefined) node.hooks = node.hooks.concat(new HookRecord(node, item, item.place));
    if (this.#life.journal.isHeard) this.#life.journal.connectLogger(node);
    return undefined;
  }

  #failed(call: Call, error: unknown): FxError {
    this.#ended(call, { error });
    if (error instanceof FxError) return error;
    const { item, label } = call.node;
    const code = `${codes[call.phase]}_FAILED` as const;
    const isSurvived = code === 'FX_STOP_FAILED' || item.mayFail;
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
      node.createdAt = call.begun;
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
    const { kind: kindOfRun, outputs, place } = node.item;
    if (phase !== 'create') {
      const kind = `${kinds[phase]}${outcome === undefined ? 'Executing' : 'Executed'}` as const;
      journal.tell({ kind, hook: record?.name, ...outcome } as Happening, node);
    } else if (kindOfRun === 'invoke' || outputs.length === 0) {
      journal.tell(outcome === undefined ? { kind: 'Invoking' } : { kind: 'Invoked', place: String(place), ...outcome }, node);
    } else {
      journal.tell(outcome === undefined ? { kind: 'BeforeRun', kindOfRun } : { kind: 'Run', kindOfRun, ...outcome }, node);
    }
    if (phase === 'create' && outcome !== undefined && 'error' in outcome) journal.loseLogger(node, outcome.error);
  }

  #timedOut(call: Call): FxError {
    const { ms, isOwn, isOfStart, phase } = call;
    const seconds = `${Math.round(ms) / 1000} s`;
    const limit = isOwn || !isOfStart ? `its deadline of ${seconds}` : `the deadline of the whole start (${seconds} were left for it)`;
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

function run(record: HookRecord, { phase, begun }: Call, context: CallContext): unknown {
  const { hook, node } = record;
  if (phase === 'start') {
    record.state = 'starting';
    record.startedAt = begun;
  } else if (phase === 'stop') record.state = 'stopping';
  if (!('kind' in hook)) return hook[phase as Exclude<Phase, 'create'>]?.(context);
  return phase === 'start' ? hook.start?.(node.value, context) : hook.stop?.(node.value, context);
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
