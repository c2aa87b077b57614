import { token } from './token.ts';

/** Why and how an app is asked to end. */
interface ShutdownRequest {
  /** The error behind it, if there is one: the app's run then reports it. */
  readonly cause?: unknown;
  /** Default: 1 with a cause, 0 without. */
  readonly exitCode?: number;
}

/** How an app was asked to end: by a component, or by a signal. */
export type Shutdown = Required<ShutdownRequest> & { readonly by: string };

/** Lets a component end the app it is part of. */
export interface Shutdowner {
  /** Asks once; stops nothing by itself: whoever waits for the app does. The first request counts, later ones are dropped. */
  shutdown(request?: ShutdownRequest): void;
}
export const Shutdowner = token<Shutdowner>()('fx.shutdowner');
