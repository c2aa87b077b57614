import type { Crew } from './crew.ts';
import { findingsOf, FxError, messageOf, type Code, type Finding } from './errors.ts';
import type { Instance } from './instance.ts';
import { isThenable, within } from './lifecycle.ts';
import type { Place } from './place.ts';

/** What the phases of a component's life differ in when one of its functions goes wrong. */
const phases = {
  create: { failed: 'FX_CREATE_FAILED', timedOut: 'FX_CREATE_TIMEOUT' },
  start: { failed: 'FX_START_FAILED', timedOut: 'FX_START_TIMEOUT' },
  ready: { failed: 'FX_START_FAILED', timedOut: 'FX_START_TIMEOUT' },
  drain: { failed: 'FX_STOP_FAILED', timedOut: 'FX_STOP_TIMEOUT' },
  stop: { failed: 'FX_STOP_FAILED', timedOut: 'FX_STOP_TIMEOUT' },
} as const satisfies Record<string, { readonly failed: Code; readonly timedOut: Code }>;
export type Phase = keyof typeof phases;

interface Bounds {
  readonly begun: number;
  /** Milliseconds that it may take, and whether that is its own limit or what was left of the whole start. */
  readonly ms: number;
  readonly isOwn: boolean;
}

/** One call of one function of a component, its constructor or one of its hooks, within its bounds. */
export abstract class Call {
  readonly instance: Instance;
  readonly phase: Phase;
  /** The hook's name; for a constructor, the component's. */
  abstract readonly name: string;
  abstract readonly place: Place;
  protected readonly crew: Crew;
  protected readonly bounds: Bounds;

  constructor(crew: Crew, what: Bounds & { readonly instance: Instance; readonly phase: Phase }) {
    this.crew = crew;
    this.instance = what.instance;
    this.phase = what.phase;
    this.bounds = what;
  }

  protected abstract run(): unknown;
  /** Told how it ended, before that is thrown or returned. */
  protected abstract ended(outcome: { readonly runtimeMs: number; readonly error?: unknown }): void;
  protected givenUp(_reason: unknown): void {}
  protected settledLate(_outcome: { readonly error?: unknown }): void {}

  /**
   * Returns or resolves with what the call yields; throws or rejects with an FxError that says which function of which
   * component failed. A synchronous call costs no timer and no promise.
   */
  make(): unknown {
    const { begun, ms } = this.bounds;
    let result: unknown;
    try {
      if (this.crew.isInterrupted && this.#isStarting) this.crew.interrupt.throwIfAborted();
      if (ms <= 0 && this.#isStarting) throw this.#timedOut();
      result = this.run();
      if (isThenable(result)) return this.#wait(result);
    } catch (error) {
      this.#fail(error);
    }
    this.ended({ runtimeMs: this.crew.clock.monotonic() - begun });
    return result;
  }

  get #isStarting(): boolean {
    return this.phase !== 'drain' && this.phase !== 'stop';
  }

  async #wait(result: PromiseLike<unknown>): Promise<unknown> {
    const { begun, ms } = this.bounds;
    let value: unknown;
    try {
      value = await within(result, {
        clock: this.crew.clock,
        ms,
        interrupt: this.#isStarting ? this.crew.interrupt : undefined,
        timedOut: () => this.#timedOut(),
        givenUp: (reason) => this.givenUp(reason),
        settledLate: (outcome) => {
          this.crew.emit(this.instance, { kind: 'SettledLate', ...this.crew.common(this.instance), hook: this.name, ...outcome });
          this.settledLate(outcome);
        },
      });
    } catch (error) {
      this.#fail(error);
    }
    this.ended({ runtimeMs: this.crew.clock.monotonic() - begun });
    return value;
  }

  #fail(error: unknown): never {
    this.ended({ runtimeMs: this.crew.clock.monotonic() - this.bounds.begun, error });
    throw new FxError(findingsOf(error, (cause) => this.#failure(cause)));
  }

  #failure(cause: unknown): Finding {
    const { item, label } = this.instance.node;
    const code = phases[this.phase].failed;
    const isSurvived = code === 'FX_STOP_FAILED' || item.allowedToFail;
    const fix = isSurvived
      ? 'see the cause; everything else went on'
      : `see the cause; if the app can do without ${label}, declare it onFailure: 'continue'`;
    return this.#finding({ code, message: `${this.#description} failed: ${messageOf(cause)}`, fix, cause });
  }

  #timedOut(): FxError {
    const { ms, isOwn } = this.bounds;
    const seconds = `${Math.round(ms) / 1000} s`;
    const limit = isOwn ? `its deadline of ${seconds}` : `the deadline of the whole start (${seconds} were left for it)`;
    const { running, done } = this.crew.progress(this.instance, this.phase === 'create' ? 'constructed' : 'started');
    const message = `${this.#description} did not settle within ${limit}; also running: ${list(running)}; done: ${list(done)}`;
    const fix = 'make it honour its signal and return sooner, or give it a longer deadline ("timeouts")';
    return new FxError([this.#finding({ code: phases[this.phase].timedOut, message, fix })]);
  }

  #finding(what: Finding): Finding {
    const { node } = this.instance;
    return { component: node.label, wantedBy: this.crew.pathTo(node), place: String(this.place), ...what };
  }

  get #description(): string {
    const { item, label } = this.instance.node;
    if (this.phase !== 'create') return `${this.phase} hook "${this.name}" of ${label}`;
    return item.kind === 'invoke' ? `invoked function ${label}` : `constructor of ${label}`;
  }
}

function list(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const shown = names.slice(0, 12).join(', ');
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown;
}
