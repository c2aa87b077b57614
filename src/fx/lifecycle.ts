import type { Clock } from './clock.ts';
import { token } from './token.ts';

/** What every hook is given. */
export interface HookContext {
  /** Aborted when the hook's deadline passes or the start is interrupted. */
  readonly signal: AbortSignal;
  /** When the hook must have settled, in milliseconds of `Clock.monotonic`; `Infinity` where there is no limit. */
  readonly deadline: number;
}
export type HookFunction = (context: HookContext) => unknown;

/**
 * What a component does beyond being constructed. Each function may be asynchronous; what start acquires, stop of the same
 * hook releases. Start must return once the thing is up: work that goes on belongs in a {@link Jobs | job}.
 */
export interface Hook {
  /** Shown in events, reports and timeouts. Default: the name of the start or stop function. */
  readonly name?: string;
  readonly start?: HookFunction | undefined;
  /** Called once everything has started, before the app counts as started. */
  readonly ready?: HookFunction | undefined;
  /** Called before anything stops: stop taking new work. */
  readonly drain?: HookFunction | undefined;
  readonly stop?: HookFunction | undefined;
  /** Milliseconds; where absent, the component's and then the app's hold. */
  readonly timeouts?: { readonly start?: number; readonly stop?: number };
}

/** Gives a component its hooks. Each component has one of its own, open until the app starts its first hook. */
export interface Lifecycle {
  /** @throws FxError `FX_STATE` once the app is starting: the hook would never run */
  append(hook: Hook): void;
}
export const Lifecycle = token<Lifecycle>()('fx.lifecycle');

/**
 * A call that may take only so long; it is itself the context that the call is given. Its signal is made only when the
 * call looks at it, because most do not.
 */
export abstract class Attempt implements HookContext {
  /** When it began, in `Clock.monotonic` milliseconds. */
  readonly begun: number;
  /** Milliseconds from then; `Infinity` for no limit. */
  readonly ms: number;
  readonly #clock: Clock;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  constructor(clock: Clock, { begun, ms }: { readonly begun: number; readonly ms: number }) {
    this.begun = begun;
    this.ms = ms;
    this.#clock = clock;
  }

  get deadline(): number {
    return this.begun + this.ms;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  protected abstract call(): unknown;
  protected abstract timedOut(): Error;
  /** The call is given up. */
  protected abstract givenUp(): void;
  /** It has settled after all. */
  protected abstract settledLate(outcome: { readonly error?: unknown }): void;

  /**
   * Makes the call and waits for it at most until its deadline, or until the whole phase is interrupted with the error to
   * end with. A synchronous call costs no timer, no promise and no turn of the event loop.
   */
  protected make(interrupt: AbortSignal | undefined): unknown {
    const result = this.call();
    return isThenable(result) ? this.#settle(result, interrupt) : result;
  }

  #settle(result: PromiseLike<unknown>, interrupt: AbortSignal | undefined): Promise<unknown> {
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
        this.givenUp();
        this.#aborted = { reason };
        this.#controller?.abort(reason);
        reject(reason as Error);
      };
      const interrupted = (): void => giveUp(interrupt?.reason);
      const cancel = this.ms === Infinity ? () => {} : this.#clock.after(this.ms, () => giveUp(this.timedOut()));
      interrupt?.addEventListener('abort', interrupted);
      if (interrupt?.aborted === true) interrupted();
      result.then(
        (value) => (finish() ? resolve(value) : this.settledLate({})),
        (error: unknown) => (finish() ? reject(error as Error) : this.settledLate({ error })),
      );
    });
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
