import { Call, type Failure } from './calls.ts';
import type { Crew } from './crew.ts';
import type { Finding } from './errors.ts';
import type { EventOf } from './events.ts';
import { findingsIn } from './failures.ts';
import type { HookRecord, Instance } from './instance.ts';
import { CallContext } from './lifecycle.ts';
import type { Place } from './place.ts';
import { inOrder, type Step } from './walk.ts';

export interface RunnerOptions {
  /** Milliseconds for each start and ready hook that has no limit of its own. */
  readonly hookTimeoutMs: number;
  /** Milliseconds for all drain and stop hooks together. */
  readonly stopTimeoutMs: number;
}

const events = {
  start: ['OnStartExecuting', 'OnStartExecuted'],
  ready: ['OnReadyExecuting', 'OnReadyExecuted'],
  drain: ['OnDrainExecuting', 'OnDrainExecuted'],
  stop: ['OnStopExecuting', 'OnStopExecuted'],
} as const;
type HookPhase = keyof typeof events;

/** Runs the hooks of all instances: start and ready in order, drain and stop in reverse. */
export class Runner {
  readonly #crew: Crew;
  readonly #options: RunnerOptions;
  /** Stops of hooks that started after they had been given up. */
  readonly #late = new Set<Promise<void>>();
  #hasReadyHooks = false;
  #stopDeadline = 0;
  #hooksToStop = 0;
  #failedStops: Finding[] = [];

  constructor(crew: Crew, options: RunnerOptions) {
    this.#crew = crew;
    this.#options = options;
  }

  /** Throws the first failure; whatever had started by then is left for {@link stop}. */
  async start(): Promise<void> {
    this.#hasReadyHooks = false;
    this.#crew.instances.forEach((instance) => instance.rewind());
    const startHook = (record: HookRecord): Step => this.#startHook(record, 'start');
    await this.#crew.each('forwards', (instance) =>
      instance.state !== 'constructed' || this.#crew.skip(instance) ? undefined : this.#start(instance, startHook),
    );
    if (!this.#hasReadyHooks) return;
    const makeReady = (record: HookRecord): Step => this.#startHook(record, 'ready');
    await this.#crew.each('forwards', (instance) => (instance.state === 'started' ? this.#start(instance, makeReady) : undefined));
  }

  /**
   * Drains and stops everything that was started, in reverse and on its own budget: a hook may use its own limit, and
   * without one at most half of what is left, so that one which hangs never takes the time of those behind it. Never throws.
   */
  async stop(): Promise<readonly Finding[]> {
    this.#failedStops = [];
    if (this.#grantStopBudget()) await this.#crew.each('backwards', (instance) => this.#stop(instance, this.#drainHook));
    if (this.#hooksToStop > 0) await this.#crew.each('backwards', (instance) => this.#stop(instance, this.#stopHook));
    await Promise.all(this.#late);
    this.#crew.instances.forEach((instance) => {
      if (instance.state === 'started') instance.state = 'stopped';
    });
    return this.#failedStops;
  }

  #start(instance: Instance, visit: (record: HookRecord) => Step): Step {
    try {
      const starting = inOrder(instance.hooks, visit);
      if (starting !== undefined) return this.#startLater(instance, starting);
      instance.state = 'started';
      return undefined;
    } catch (error) {
      return this.#lose(instance, error);
    }
  }

  async #startLater(instance: Instance, starting: Promise<void>): Promise<void> {
    try {
      await starting;
      instance.state = 'started';
    } catch (error) {
      await this.#lose(instance, error);
    }
  }

  #startHook(record: HookRecord, phase: 'start' | 'ready'): Step {
    const { hook, instance } = record;
    if (hook.ready !== undefined) this.#hasReadyHooks = true;
    if (hook[phase] === undefined) {
      record.state = 'started';
      return undefined;
    }
    const call = new HookCall(this.#crew, record, phase);
    call.startedLate = this.#stopLate;
    const own = hook.timeouts?.start ?? instance.node.item.timeouts.start ?? this.#options.hookTimeoutMs;
    return call.make(own, this.#crew.left(call.begun));
  }

  /** Throws on unless the component may fail; then nobody else will stop what it has started. */
  #lose(instance: Instance, error: unknown): Step {
    this.#crew.lose(instance, error);
    this.#grantStopBudget();
    return this.#stop(instance, this.#stopHook);
  }

  #stop({ hooks }: Instance, visit: (record: HookRecord) => Step): Step {
    return inOrder(hooks.length > 1 ? hooks.toReversed() : hooks, visit);
  }

  readonly #drainHook = (record: HookRecord): Step =>
    record.state === 'started' && record.hook.drain !== undefined ? this.#endHook(record, 'drain') : undefined;

  readonly #stopHook = (record: HookRecord): Step => {
    if (record.state !== 'started') return undefined;
    if (record.hook.stop !== undefined) return this.#endHook(record, 'stop');
    record.state = 'stopped';
    return undefined;
  };

  #endHook(record: HookRecord, phase: 'drain' | 'stop'): Step {
    const call = new HookCall(this.#crew, record, phase);
    const left = Math.max(0, this.#stopDeadline - call.begun);
    const share = this.#hooksToStop > 1 ? left / 2 : left;
    this.#hooksToStop -= 1;
    try {
      return call.make(record.hook.timeouts?.stop ?? record.instance.node.item.timeouts.stop ?? share, left)?.catch(this.#stopFailed);
    } catch (error) {
      return this.#stopFailed(error);
    }
  }

  readonly #stopFailed = (error: unknown): void => void this.#failedStops.push(...findingsIn(error));

  /** A hook that started after all has acquired something, which nobody but us can release now. */
  readonly #stopLate = (record: HookRecord): void => {
    record.state = 'started';
    this.#grantStopBudget();
    const stopping: Promise<void> = Promise.resolve(this.#stopHook(record)).then(() => void this.#late.delete(stopping));
    this.#late.add(stopping);
  };

  /** Begins the time that all drain and stop hooks have together; true if there is anything to drain. */
  #grantStopBudget(): boolean {
    let drains = 0;
    let stops = 0;
    this.#crew.instances.forEach(({ hooks }) => {
      for (let at = 0; at < hooks.length; at += 1) {
        if (hooks[at]?.state !== 'started') continue;
        stops += 1;
        if (hooks[at]?.hook.drain !== undefined) drains += 1;
      }
    });
    this.#stopDeadline = this.#crew.clock.monotonic() + this.#options.stopTimeoutMs;
    this.#hooksToStop = drains + stops;
    return drains > 0;
  }
}

/** One call of one hook. */
class HookCall extends Call {
  readonly #record: HookRecord;
  #context: CallContext | undefined;
  /** Called when a start hook was given up and then succeeded after all. */
  startedLate: ((record: HookRecord) => void) | undefined;

  constructor(crew: Crew, record: HookRecord, phase: HookPhase) {
    super(crew, record.instance, phase);
    this.#record = record;
  }

  get name(): string {
    return this.#record.name;
  }

  get place(): Place {
    return this.#record.place;
  }

  protected begins(): void {
    if (this.crew.isHeard) this.#emit(0);
    this.#record.begin(this.phase, this.begun);
  }

  protected run(): unknown {
    this.#context = new CallContext(this.begun + this.ms);
    return this.#record.hook[this.phase as HookPhase]?.(this.#context);
  }

  protected ended(runtimeMs: number, failure?: Failure): void {
    this.#record.end(this.phase, runtimeMs, failure?.error);
    if (this.crew.isHeard) this.#emit(1, { runtimeMs, ...failure });
  }

  protected override givenUp(reason: unknown): void {
    this.#record.isStillRunning = true;
    this.#context?.abort(reason);
  }

  protected override settledLate(outcome: Failure): void {
    this.#record.isStillRunning = false;
    if (this.phase === 'start' && !('error' in outcome)) this.startedLate?.(this.#record);
  }

  #emit(which: 0 | 1, outcome?: object): void {
    const kind = events[this.phase as HookPhase][which];
    this.crew.emit(this.instance, { kind, ...this.crew.common(this.instance), hook: this.name, ...outcome } as EventOf<'OnStartExecuted'>);
  }
}
