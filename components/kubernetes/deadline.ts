import type { Clock } from '../../src/fx/index.ts';

export interface DeadlineOptions {
  readonly clock: Clock;
  /** Milliseconds; 0: none. */
  readonly timeoutMs: number;
  /** Whoever may give the call up earlier. */
  readonly signal: AbortSignal | undefined;
  /** The reason of the deadline's own abort; called when it passes. */
  readonly reason: () => Error;
}

/** A moment at which a call is given up, as a signal. Close it when the call is over: no timer and no listener is left then. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #at: number;
  readonly #release: () => void;

  constructor({ clock, timeoutMs, signal, reason }: DeadlineOptions) {
    this.#clock = clock;
    this.#at = timeoutMs > 0 ? clock.monotonic() + timeoutMs : Infinity;
    const cancel = timeoutMs > 0 ? clock.after(timeoutMs, () => this.#controller.abort(reason())) : undefined;
    const abort = (): void => this.#controller.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    const release = (): void => {
      cancel?.();
      signal?.removeEventListener('abort', abort);
    };
    // Not at once: V8 puts a function that is written where it is assigned to a property into old space, and all that it holds stays
    // in memory, and is copied, until that is collected.
    this.#release = release;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get remainingMs(): number {
    return this.#at - this.#clock.monotonic();
  }

  close(): void {
    this.#release();
  }
}
