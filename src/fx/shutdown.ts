import { token } from './token.ts';

/** Why and how an app is asked to end. */
interface ShutdownRequest {
  /** The error behind it, if there is one: the app's run then reports it. */
  readonly cause?: unknown;
  /** Default: 1 with a cause, 0 without. */
  readonly exitCode?: number;
}

/** How an app was asked to end: by a component, or by a signal. */
export interface Shutdown {
  readonly by: string;
  readonly exitCode: number;
  readonly cause?: unknown;
}

/** Lets a component end the app it is part of. */
export interface Shutdowner {
  /** Asks once; stops nothing by itself: whoever waits for the app does. The first request counts, later ones are dropped. */
  shutdown(request?: ShutdownRequest): void;
}
export const Shutdowner = token<Shutdowner>()('fx.shutdowner');

/** Hands the first request to everybody who waits, now or later, until it is cleared. */
export class ShutdownBox {
  #pending = Promise.withResolvers<Shutdown>();
  #requested: Shutdown | undefined;

  get requested(): Shutdown | undefined {
    return this.#requested;
  }

  /** Takes the first; later ones are dropped. */
  request(shutdown: Shutdown): void {
    if (this.#requested !== undefined) return;
    this.#requested = shutdown;
    this.#pending.resolve(shutdown);
  }

  wait(): Promise<Shutdown> {
    return this.#pending.promise;
  }

  clear(): void {
    if (this.#requested === undefined) return;
    this.#requested = undefined;
    this.#pending = Promise.withResolvers();
  }
}
