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

/** What a hook is given; its signal is made only if the hook looks at it, because most do not. */
export class CallContext implements HookContext {
  readonly deadline: number;
  #controller: AbortController | undefined;

  constructor(deadline: number) {
    this.deadline = deadline;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
