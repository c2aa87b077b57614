import { Call } from './calls.ts';
import type { Crew } from './crew.ts';
import { findingsOf, messageOf, type Code, type Finding } from './errors.ts';
import type { EventOf } from './events.ts';
import type { HookRecord, Instance } from './instance.ts';
import { CallContext, isThenable } from './lifecycle.ts';
import type { Place } from './place.ts';
import { inOrder, type Step } from './walk.ts';

export interface RunnerOptions {
  /** Milliseconds for each start and ready hook that has no limit of its own. */
  readonly hookTimeoutMs: number;
  /** Milliseconds for all drain and stop hooks together. */
  readonly stopTimeoutMs: number;
}

/** How many started hooks have something to do in each phase to come. */
interface HookCounts {
  ready: number;
  drain: number;
  stop: number;
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
  #stopDeadline = 0;
  #hooksToStop = 0;
  #failedStops: Finding[] = [];

  constructor(crew: Crew, options: RunnerOptions) {
    this.#crew = crew;
    this.#options = options;
  }

  /** Throws the first failure; whatever had started by then is left for {@link stop}. */
  async start(): Promise<void> {
    this.#crew.instances.forEach((instance) => instance.rewind());
    await this.#crew.each('forwards', (instance) => {
      if (instance.state !== 'constructed' || this.#crew.skip(instance)) return undefined;
      return this.#startHooks(instance, 'start');
    });
    if (this.#countHooks().ready === 0) return;
    await this.#crew.each('forwards', (instance) => (instance.state === 'started' ? this.#startHooks(instance, 'ready') : undefined));
  }

  /**
   * Drains and stops everything that was started, in reverse and on its own budget: a hook may use its own limit, and
   * without one at most half of what is left, so that one which hangs never takes the time of those behind it. Never throws.
   */
  async stop(): Promise<readonly Finding[]> {
    this.#failedStops = [];
    const { drain, stop } = this.#grantStopBudget();
    if (drain > 0) await this.#crew.each('backwards', (instance) => this.#stopHooks(instance, 'drain'));
    if (stop > 0) await this.#crew.each('backwards', (instance) => this.#stopHooks(instance, 'stop'));
    await Promise.all(this.#late);
    for (const instance of this.#crew.instances) if (instance.state === 'started') instance.state = 'stopped';
    return this.#failedStops;
  }

  #startHooks(instance: Instance, phase: 'start' | 'ready'): Step {
    if (instance.hooks.length === 0) {
      instance.state = 'started';
      return undefined;
    }
    try {
      const starting = inOrder(instance.hooks, (record) => this.#startHook(instance, record, phase));
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

  #startHook(instance: Instance, record: HookRecord, phase: 'start' | 'ready'): Step {
    if (record.hook[phase] === undefined) {
      record.state = 'started';
      return undefined;
    }
    const begun = this.#crew.clock.monotonic();
    const left = this.#crew.left(begun);
    const own = record.hook.timeouts?.start ?? instance.node.item.timeouts.start ?? this.#options.hookTimeoutMs;
    return this.#run(new HookCall(this.#crew, { instance, phase, begun, ms: Math.min(own, left), isOwn: own <= left }), record);
  }

  /** Throws on unless the component may fail; then nobody else will stop what it has started. */
  #lose(instance: Instance, error: unknown): Step {
    this.#crew.lose(instance, foundIn(error, 'FX_START_FAILED'));
    this.#grantStopBudget();
    return this.#stopHooks(instance, 'stop');
  }

  #stopHooks(instance: Instance, phase: 'drain' | 'stop'): Step {
    const { hooks } = instance;
    return inOrder(hooks.length > 1 ? hooks.toReversed() : hooks, (record) => this.#stopHook(instance, record, phase));
  }

  #stopHook(instance: Instance, record: HookRecord, phase: 'drain' | 'stop'): Step {
    if (record.state !== 'started') return undefined;
    if (record.hook[phase] === undefined) {
      if (phase === 'stop') record.state = 'stopped';
      return undefined;
    }
    const begun = this.#crew.clock.monotonic();
    const left = Math.max(0, this.#stopDeadline - begun);
    const share = this.#hooksToStop > 1 ? left / 2 : left;
    const own = record.hook.timeouts?.stop ?? instance.node.item.timeouts.stop ?? share;
    this.#hooksToStop -= 1;
    try {
      return this.#run(new HookCall(this.#crew, { instance, phase, begun, ms: Math.min(left, own), isOwn: true }), record)?.catch(
        this.#stopFailed,
      );
    } catch (error) {
      return this.#stopFailed(error);
    }
  }

  readonly #stopFailed = (error: unknown): void => void this.#failedStops.push(...foundIn(error, 'FX_STOP_FAILED'));

  /** A hook that started after all has acquired something, which nobody but us can release now. */
  readonly #stopLate = (instance: Instance, record: HookRecord): void => {
    record.state = 'started';
    this.#grantStopBudget();
    const stopping: Promise<void> = Promise.resolve(this.#stopHook(instance, record, 'stop')).then(() => void this.#late.delete(stopping));
    this.#late.add(stopping);
  };

  #run(call: HookCall, record: HookRecord): Step {
    call.record = record;
    call.startedLate = this.#stopLate;
    call.announce();
    const running = call.make();
    return isThenable(running) ? Promise.resolve(running).then(() => {}) : undefined;
  }

  #grantStopBudget(): HookCounts {
    const counts = this.#countHooks();
    this.#stopDeadline = this.#crew.clock.monotonic() + this.#options.stopTimeoutMs;
    this.#hooksToStop = counts.drain + counts.stop;
    return counts;
  }

  #countHooks(): HookCounts {
    const counts = { ready: 0, drain: 0, stop: 0 };
    this.#crew.instances.forEach(({ hooks }) =>
      hooks.forEach(({ hook, state }) => {
        if (state !== 'started') return;
        if (hook.ready !== undefined) counts.ready += 1;
        if (hook.drain !== undefined) counts.drain += 1;
        counts.stop += 1;
      }),
    );
    return counts;
  }
}

/** One call of one hook. */
class HookCall extends Call {
  declare record: HookRecord;
  /** Called when a start hook was given up and then succeeded after all. */
  #context: CallContext | undefined;
  startedLate: ((instance: Instance, record: HookRecord) => void) | undefined;

  get name(): string {
    return this.record.name;
  }

  get place(): Place {
    return this.record.place;
  }

  announce(): void {
    this.#emit(0);
    this.record.begin(this.phase);
  }

  protected run(): unknown {
    this.#context = new CallContext(this.bounds.begun + this.bounds.ms);
    return this.record.hook[this.phase as HookPhase]?.(this.#context);
  }

  protected ended(outcome: { readonly runtimeMs: number; readonly error?: unknown }): void {
    this.record.end(this.phase, outcome);
    this.#emit(1, outcome);
  }

  protected override givenUp(reason: unknown): void {
    this.record.isStillRunning = true;
    this.#context?.abort(reason);
  }

  protected override settledLate(outcome: { readonly error?: unknown }): void {
    this.record.isStillRunning = false;
    if (this.phase === 'start' && !('error' in outcome)) this.startedLate?.(this.instance, this.record);
  }

  #emit(which: 0 | 1, outcome?: object): void {
    if (!this.crew.isHeard) return;
    const kind = events[this.phase as HookPhase][which];
    this.crew.emit(this.instance, { kind, ...this.crew.common(this.instance), hook: this.name, ...outcome } as EventOf<'OnStartExecuted'>);
  }
}

function foundIn(error: unknown, code: Code): readonly Finding[] {
  return findingsOf(error, (cause) => ({ code, message: messageOf(cause), fix: 'see the cause', cause }));
}
