import type { Crew } from './crew.ts';
import { findingsOf, FxError, messageOf, type Finding } from './errors.ts';
import type { Instance } from './instance.ts';
import { isThenable } from './lifecycle.ts';
import type { Place } from './place.ts';
import type { Step } from './walk.ts';

/** What the codes of a phase begin with when one of a component's functions goes wrong. */
const codes = { create: 'FX_CREATE', start: 'FX_START', ready: 'FX_START', drain: 'FX_STOP', stop: 'FX_STOP' } as const;
export type Phase = keyof typeof codes;

/** Present when it went wrong. */
export interface Failure {
  readonly error?: unknown;
}

/** One call of one function of a component, its constructor or one of its hooks, within its bounds. */
export abstract class Call {
  readonly instance: Instance;
  readonly phase: Phase;
  /** The hook's name; for a constructor, the component's. */
  abstract readonly name: string;
  abstract readonly place: Place;
  readonly begun: number;
  protected readonly crew: Crew;
  /** Milliseconds that it may take, and whether that is its own limit or what was left of the whole start. */
  protected ms = Infinity;
  #isOwn = true;

  constructor(crew: Crew, instance: Instance, phase: Phase) {
    this.crew = crew;
    this.instance = instance;
    this.phase = phase;
    this.begun = crew.clock.monotonic();
  }

  protected abstract begins(): void;
  protected abstract run(): unknown;
  /** Told how it ended, before that is thrown or kept. */
  protected abstract ended(runtimeMs: number, failure?: Failure): void;
  protected keep(_value: unknown): void {}
  protected givenUp(_reason: unknown): void {}
  protected settledLate(_outcome: Failure): void {}

  /**
   * Keeps what the call yields; throws or rejects with an FxError that says which function of which component failed. A
   * synchronous call costs no timer and no promise.
   */
  make(own: number, left: number): Step {
    this.ms = Math.min(own, left);
    this.#isOwn = own <= left || !this.#isStarting;
    this.begins();
    let value: unknown;
    try {
      if (this.crew.isInterrupted && this.#isStarting) this.crew.interrupt.throwIfAborted();
      if (this.ms <= 0 && this.#isStarting) throw this.#timedOut();
      value = this.run();
      if (isThenable(value)) return this.#wait(value);
    } catch (error) {
      this.#fail(error);
    }
    return this.#succeed(value);
  }

  get #isStarting(): boolean {
    return this.phase !== 'drain' && this.phase !== 'stop';
  }

  async #wait(running: PromiseLike<unknown>): Promise<void> {
    let value: unknown;
    try {
      value = await this.#within(running);
    } catch (error) {
      this.#fail(error);
    }
    this.#succeed(value);
  }

  /** Waits for something that has begun, at most until its deadline, or until the start is interrupted. */
  #within(running: PromiseLike<unknown>): Promise<unknown> {
    const { crew, ms } = this;
    const interrupt = this.#isStarting ? crew.interrupt : undefined;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const finish = (): boolean => {
        if (isOver) return false;
        isOver = true;
        cancel();
        interrupt?.removeEventListener('abort', interrupted);
        return true;
      };
      const giveUp = (reason: unknown): void => {
        if (!finish()) return;
        this.givenUp(reason);
        reject(reason);
      };
      const settledLate = (outcome: Failure): void => {
        crew.emit(this.instance, { kind: 'SettledLate', ...crew.common(this.instance), hook: this.name, ...outcome });
        this.settledLate(outcome);
      };
      const interrupted = (): void => giveUp(interrupt?.reason);
      const cancel = ms === Infinity ? () => {} : crew.clock.after(ms, () => giveUp(this.#timedOut()));
      interrupt?.addEventListener('abort', interrupted);
      if (interrupt?.aborted === true) interrupted();
      running.then(
        (value) => (finish() ? resolve(value) : settledLate({})),
        (error: unknown) => (finish() ? reject(error as Error) : settledLate({ error })),
      );
    });
  }

  #succeed(value: unknown): void {
    this.ended(this.crew.clock.monotonic() - this.begun);
    this.keep(value);
  }

  #fail(error: unknown): never {
    this.ended(this.crew.clock.monotonic() - this.begun, { error });
    throw new FxError(findingsOf(error, (cause) => this.#failure(cause)));
  }

  #failure(cause: unknown): Finding {
    const { item, label } = this.instance.node;
    const code = `${codes[this.phase]}_FAILED` as const;
    const isSurvived = code === 'FX_STOP_FAILED' || item.allowedToFail;
    const otherwise = isSurvived ? 'everything else went on' : `if the app can do without ${label}, declare it onFailure: 'continue'`;
    return this.#finding({ code, message: `${this.#description} failed: ${messageOf(cause)}`, fix: `see the cause; ${otherwise}`, cause });
  }

  #timedOut(): FxError {
    const seconds = `${Math.round(this.ms) / 1000} s`;
    const limit = this.#isOwn ? `its deadline of ${seconds}` : `the deadline of the whole start (${seconds} were left for it)`;
    const { running, done } = this.crew.progress(this.instance, this.phase === 'create' ? 'constructed' : 'started');
    const message = `${this.#description} did not settle within ${limit}; also running: ${list(running)}; done: ${list(done)}`;
    const fix = 'make it honour its signal and return sooner, or give it a longer deadline ("timeouts")';
    return new FxError([this.#finding({ code: `${codes[this.phase]}_TIMEOUT`, message, fix })]);
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
