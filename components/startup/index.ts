import { token, type App, type Event } from '../../src/fx/index.ts';

/** What happened to the app: everything of its start, and the latest of what came after. */
export interface StartupEvents {
  readonly all: readonly Event[];
}
export const StartupEvents = token<StartupEvents>()('startup-events');

/** How the start of the agent went, as `GET /startup` tells it. */
export interface StartupReport {
  readonly plan: ReturnType<App['plan']>;
  readonly report: ReturnType<App['report']>;
  readonly events: readonly Event[];
  /** Milliseconds from the first event until everything had started; absent while it has not. */
  readonly tookMs?: number;
}
