import type { Crew } from './crew.ts';
import { errorOf, findingsOf, messageOf, type Code, type Finding } from './errors.ts';
import type { Event } from './events.ts';
import type { HookRecord, Instance } from './instance.ts';
import { Attempt, isThenable } from './lifecycle.ts';

export interface RunnerOptions {
  /** Milliseconds for each start and ready hook that has no limit of its own. */
  readonly hookTimeoutMs: number;
  /** Milliseconds for all drain and stop hooks together. */
  readonly stopTimeoutMs: number;
}

type StartPhase = 'start' | 'ready';
type StopPhase = 'drain' | 'stop';
type Phase = StartPhase | StopPhase;

/** What the phases differ in. */
const phases = {
  start: { executing: 'OnStartExecuting', executed: 'OnStartExecuted', failed: 'FX_START_FAILED', timedOut: 'FX_START_TIMEOUT' },
  ready: { executing: 'OnReadyExecuting', executed: 'OnReadyExecuted', failed: 'FX_START_FAILED', timedOut: 'FX_START_TIMEOUT' },
  drain: { executing: 'OnDrainExecuting', executed: 'OnDrainExecuted', failed: 'FX_STOP_FAILED', timedOut: 'FX_STOP_TIMEOUT' },
  stop: { executing: 'OnStopExecuting', executed: 'OnStopExecuted', failed: 'FX_STOP_FAILED', timedOut: 'FX_STOP_TIMEOUT' },
} as const satisfies Record<Phase, { executing: Event['kind']; executed: Event['kind']; failed: Code; timedOut: Code }>;

/** Runs the hooks of all instances: start and ready in order, drain and stop in reverse. */
export class Runner {
  readonly #crew: Crew;
  readonly #options: RunnerOptions;
  /** Stops of hooks that started after they had been given up. */
  readonly #late = new Set<Promise<void>>();
  #stopDeadline = 0;
  #hooksToStop = 0;
  #failedStops: Finding[] = [];

  constructor(crew: Crew, options: RunnerOptions) {
    this.#crew = crew;
    this.#options = options;
  }

  /** Throws the first failure; whatever had started by then is left for {@link stop}. */
  async start(): Promise<void> {
    for (const instance of this.#crew.instances) {
      instance.isSealed = true;
      if (instance.state === 'stopped') instance.state = 'constructed';
      for (const record of instance.hooks) record.state = 'idle';
    }
    await this.#crew.each('forwards', (instance) => {
      if (instance.state === 'constructed' && !this.#crew.skip(instance)) return this.#startHooks(instance, 'start');
      return undefined;
    });
    if (this.#count('ready') === 0) return;
    await this.#crew.each('forwards', (instance) => (instance.state === 'started' ? this.#startHooks(instance, 'ready') : undefined));
  }

  /**
   * Drains and stops everything that was started, in reverse and on its own budget: a hook may use its own limit, and
   * without one at most half of what is left, so that one which hangs never takes the time of those behind it. Never throws.
   */
  async stop(): Promise<readonly Finding[]> {
    this.#failedStops = [];
    this.#grantStopBudget();
    for (const phase of ['drain', 'stop'] as const) {
      if (this.#count(phase) > 0) await this.#crew.each('backwards', (instance) => this.#stopHooks(instance, phase));
    }
    await Promise.all(this.#late);
    for (const instance of this.#crew.instances) {
      if (instance.state === 'started') instance.state = 'stopped';
      for (const record of instance.hooks) if (record.state === 'started') record.state = 'stopped';
    }
    return this.#failedStops;
  }

  #startHooks(instance: Instance, phase: StartPhase): void | Promise<void> {
    try {
      for (let index = 0; index < instance.hooks.length; index += 1) {
        const running = this.#startHook(instance, { phase, index });
        if (isThenable(running)) return this.#startLater(instance, { phase, index, running });
      }
      instance.state = 'started';
      return undefined;
    } catch (error) {
      return this.#lose(instance, error);
    }
  }

  async #startLater(instance: Instance, { phase, index, running }: { readonly phase: StartPhase; readonly index: number; readonly running: PromiseLike<unknown> }): Promise<void> {
    try {
      await running;
      for (let next = index + 1; next < instance.hooks.length; next += 1) await this.#startHook(instance, { phase, index: next });
      instance.state = 'started';
    } catch (error) {
      await this.#lose(instance, error);
    }
  }

  #startHook(instance: Instance, { phase, index }: { readonly phase: StartPhase; readonly index: number }): unknown {
    const record = instance.hooks[index];
    if (record?.hook[phase] === undefined) {
      if (record !== undefined) record.state = 'started';
      return undefined;
    }
    const own = record.hook.timeouts?.start ?? instance.node.item.timeouts.start ?? this.#options.hookTimeoutMs;
    const begun = this.#crew.clock.monotonic();
    const left = this.#crew.left(begun);
    const attempt = new HookAttempt(this.#crew, { instance, record, phase, begun, ms: Math.min(own, left), isOwn: own <= left });
    if (attempt.ms <= 0) throw attempt.timedOut();
    this.#crew.interrupt.throwIfAborted();
    attempt.startedLate = () => this.#stopLate(instance, record);
    return attempt.run();
  }

  /** Throws on unless the component may fail; then nobody else will stop what it has started. */
  async #lose(instance: Instance, error: unknown): Promise<void> {
    this.#crew.lose(instance, findingsOf(error, (cause) => ({ code: 'FX_START_FAILED', message: messageOf(cause), fix: 'see the cause', cause })));
    this.#grantStopBudget();
    await this.#stopHooks(instance, 'stop');
  }

  #stopHooks(instance: Instance, phase: StopPhase): void | Promise<void> {
    const { hooks } = instance;
    for (let index = hooks.length - 1; index >= 0; index -= 1) {
      const stopping = this.#stopHook(instance, { record: hooks[index], phase });
      if (stopping !== undefined) return this.#stopLater(instance, { phase, index, stopping });
    }
    return undefined;
  }

  async #stopLater(instance: Instance, { phase, index, stopping }: { readonly phase: StopPhase; readonly index: number; readonly stopping: Promise<void> }): Promise<void> {
    await stopping;
    for (let next = index - 1; next >= 0; next -= 1) await this.#stopHook(instance, { record: instance.hooks[next], phase });
  }

  #stopHook(instance: Instance, { record, phase }: { readonly record: HookRecord | undefined; readonly phase: StopPhase }): void | Promise<void> {
    if (record?.state !== 'started' || record.hook[phase] === undefined) return undefined;
    const begun = this.#crew.clock.monotonic();
    const left = Math.max(0, this.#stopDeadline - begun);
    const share = this.#hooksToStop > 1 ? left / 2 : left;
    this.#hooksToStop -= 1;
    const ms = Math.min(left, record.hook.timeouts?.stop ?? instance.node.item.timeouts.stop ?? share);
    const attempt = new HookAttempt(this.#crew, { instance, record, phase, begun, ms, isOwn: true });
    try {
      const running = attempt.run();
      if (isThenable(running)) return Promise.resolve(running).then(() => {}, (error: unknown) => this.#stopFailed(error));
    } catch (error) {
      this.#stopFailed(error);
    }
    return undefined;
  }

  #stopFailed(error: unknown): void {
    this.#failedStops.push(...findingsOf(error, (cause) => ({ code: 'FX_STOP_FAILED', message: messageOf(cause), fix: 'see the cause', cause })));
  }

  /** A hook that started after all has acquired something, which nobody but us can release now. */
  #stopLate(instance: Instance, record: HookRecord): void {
    record.state = 'started';
    this.#grantStopBudget();
    const stopping: Promise<void> = Promise.resolve(this.#stopHook(instance, { record, phase: 'stop' })).then(() => void this.#late.delete(stopping));
    this.#late.add(stopping);
  }

  #grantStopBudget(): void {
    this.#stopDeadline = this.#crew.clock.monotonic() + this.#options.stopTimeoutMs;
    this.#hooksToStop = this.#count('drain') + this.#count('stop');
  }

  /** How many started hooks have something to do in this phase. */
  #count(phase: Phase): number {
    let count = 0;
    for (const { hooks } of this.#crew.instances) for (const { hook, state } of hooks) if (state === 'started' && hook[phase] !== undefined) count += 1;
    return count;
  }
}

interface HookCall {
  readonly instance: Instance;
  readonly record: HookRecord;
  readonly phase: Phase;
  readonly begun: number;
  readonly ms: number;
  /** Whether the limit is the hook's, or what was left of the whole start. */
  readonly isOwn: boolean;
}

/** One call of one hook. */
class HookAttempt extends Attempt {
  startedLate: (() => void) | undefined;
  readonly #crew: Crew;
  readonly #instance: Instance;
  readonly #record: HookRecord;
  readonly #phase: Phase;
  readonly #isOwn: boolean;

  constructor(crew: Crew, what: HookCall) {
    super(crew.clock, what);
    this.#crew = crew;
    this.#instance = what.instance;
    this.#record = what.record;
    this.#phase = what.phase;
    this.#isOwn = what.isOwn;
  }

  /** Throws, or rejects with, an FxError that says which hook failed. */
  run(): unknown {
    const { executing } = phases[this.#phase];
    if (this.#crew.isHeard) this.#crew.emit(this.#instance, { kind: executing, ...this.#crew.common(this.#instance), hook: this.#record.name });
    if (this.#phase === 'start') this.#record.state = 'starting';
    if (this.#phase === 'stop') this.#record.state = 'stopping';
    try {
      const running = this.make(this.#phase === 'start' || this.#phase === 'ready' ? this.#crew.interrupt : undefined);
      if (isThenable(running)) return running.then(() => this.#done(), (error: unknown) => this.#failed(error));
      this.#done();
    } catch (error) {
      this.#failed(error);
    }
    return undefined;
  }

  protected call(): unknown {
    return this.#record.hook[this.#phase]?.(this);
  }

  override timedOut(): Error {
    const what = `${this.#phase} hook "${this.#record.name}" of ${this.#instance.node.label}`;
    return this.#crew.timedOut({ code: phases[this.#phase].timedOut, what, place: this.#record.place, instance: this.#instance, ms: this.ms, isOwn: this.#isOwn });
  }

  protected givenUp(): void {
    this.#record.isStillRunning = true;
  }

  protected settledLate(outcome: { readonly error?: unknown }): void {
    this.#record.isStillRunning = false;
    this.#crew.emit(this.#instance, { kind: 'SettledLate', ...this.#crew.common(this.#instance), hook: this.#record.name, ...outcome });
    if (this.#phase === 'start' && !('error' in outcome)) this.startedLate?.();
  }

  #done(): void {
    const runtimeMs = this.#end('started', 'stopped');
    const { executed } = phases[this.#phase];
    if (this.#crew.isHeard) this.#crew.emit(this.#instance, { kind: executed, ...this.#crew.common(this.#instance), hook: this.#record.name, runtimeMs });
  }

  #failed(error: unknown): never {
    const runtimeMs = this.#end('failed', 'stopped');
    const { executed, failed } = phases[this.#phase];
    if (this.#crew.isHeard) this.#crew.emit(this.#instance, { kind: executed, ...this.#crew.common(this.#instance), hook: this.#record.name, runtimeMs, error });
    throw errorOf(findingsOf(error, (cause) => this.#failure(failed, cause)));
  }

  #end(started: 'started' | 'failed', stopped: 'stopped'): number {
    const runtimeMs = this.#crew.clock.monotonic() - this.begun;
    if (this.#phase === 'start') {
      this.#record.state = started;
      this.#record.startMs = runtimeMs;
    } else if (this.#phase === 'stop') {
      this.#record.state = stopped;
      this.#record.stopMs = runtimeMs;
    }
    return runtimeMs;
  }

  #failure(code: Code, cause: unknown): Finding {
    const { label, item } = this.#instance.node;
    const isStop = code === 'FX_STOP_FAILED';
    return {
      code,
      message: `${this.#phase} hook "${this.#record.name}" of ${label} failed: ${messageOf(cause)}`,
      component: label,
      wantedBy: this.#crew.pathTo(this.#instance.node),
      place: String(this.#record.place),
      fix: isStop || item.allowedToFail ? 'see the cause; everything else was stopped all the same' : `see the cause; if the app can do without ${label}, declare it onFailure: 'continue'`,
      cause,
    };
  }
}
