import type { Crew } from './crew.ts';
import { findingsOf, FxError, messageOf, type Code, type Finding } from './errors.ts';
import type { Instance } from './instance.ts';
import { CallContext, isThenable, within } from './lifecycle.ts';
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

/** One call of one function of a component: its constructor, or one of its hooks. */
export interface Call {
  readonly instance: Instance;
  readonly phase: Phase;
  /** The hook's name; for a constructor, the component's. */
  readonly name: string;
  readonly place: Place;
  readonly begun: number;
  /** Milliseconds that it may take, and whether that is its own limit or what was left of the whole start. */
  readonly ms: number;
  readonly isOwn: boolean;
  readonly run: (context: CallContext) => unknown;
  /** Told how it ended, before that is thrown or returned. */
  readonly ended: (call: Call, outcome: { readonly runtimeMs: number; readonly error?: unknown }) => void;
  readonly givenUp?: () => void;
  readonly settledLate?: (outcome: { readonly error?: unknown }) => void;
}

/**
 * Makes a call within its bounds. Returns or resolves with what it yields; throws or rejects with an FxError that says which
 * function of which component failed. A synchronous call costs no timer and no promise.
 */
export function make(call: Call, crew: Crew): unknown {
  const context = new CallContext(call.begun + call.ms);
  let result: unknown;
  try {
    if (isStarting(call)) crew.interrupt.throwIfAborted();
    if (call.ms <= 0 && isStarting(call)) throw timedOut(call, crew);
    result = call.run(context);
    if (isThenable(result)) return wait(call, { crew, context, result });
  } catch (error) {
    fail(call, { crew, error });
  }
  call.ended(call, { runtimeMs: crew.clock.monotonic() - call.begun });
  return result;
}

function isStarting({ phase }: Call): boolean {
  return phase === 'create' || phase === 'start' || phase === 'ready';
}

async function wait(
  call: Call,
  { crew, context, result }: { crew: Crew; context: CallContext; result: PromiseLike<unknown> },
): Promise<unknown> {
  let value: unknown;
  try {
    value = await within(result, {
      clock: crew.clock,
      ms: call.ms,
      interrupt: isStarting(call) ? crew.interrupt : undefined,
      timedOut: () => timedOut(call, crew),
      givenUp: (reason) => {
        call.givenUp?.();
        context.abort(reason);
      },
      settledLate: (outcome) => {
        crew.emit(call.instance, { kind: 'SettledLate', ...crew.common(call.instance), hook: call.name, ...outcome });
        call.settledLate?.(outcome);
      },
    });
  } catch (error) {
    fail(call, { crew, error });
  }
  call.ended(call, { runtimeMs: crew.clock.monotonic() - call.begun });
  return value;
}

function fail(call: Call, { crew, error }: { readonly crew: Crew; readonly error: unknown }): never {
  call.ended(call, { runtimeMs: crew.clock.monotonic() - call.begun, error });
  throw new FxError(findingsOf(error, (cause) => failure(call, { crew, cause })));
}

function failure(call: Call, { crew, cause }: { readonly crew: Crew; readonly cause: unknown }): Finding {
  const { code, ...who } = blame(call, crew, 'failed');
  const { item, label } = call.instance.node;
  const isSurvived = code === 'FX_STOP_FAILED' || item.allowedToFail;
  const fix = isSurvived
    ? 'see the cause; everything else went on'
    : `see the cause; if the app can do without ${label}, declare it onFailure: 'continue'`;
  return { code, message: `${describe(call)} failed: ${messageOf(cause)}`, ...who, fix, cause };
}

function timedOut(call: Call, crew: Crew): FxError {
  const seconds = `${Math.round(call.ms) / 1000} s`;
  const limit = call.isOwn ? `its deadline of ${seconds}` : `the deadline of the whole start (${seconds} were left for it)`;
  const { running, done } = crew.progress(call.instance, call.phase === 'create' ? 'constructed' : 'started');
  const { code, ...who } = blame(call, crew, 'timedOut');
  const message = `${describe(call)} did not settle within ${limit}; also running: ${list(running)}; done: ${list(done)}`;
  return new FxError([
    { code, message, ...who, fix: 'make it honour its signal and return sooner, or give it a longer deadline ("timeouts")' },
  ]);
}

function blame(
  { instance, phase, place }: Call,
  crew: Crew,
  what: 'failed' | 'timedOut',
): Pick<Finding, 'code'> & { component: string; wantedBy: string; place: string } {
  return { code: phases[phase][what], component: instance.node.label, wantedBy: crew.pathTo(instance.node), place: String(place) };
}

function describe({ instance, phase, name }: Call): string {
  const { item, label } = instance.node;
  if (phase !== 'create') return `${phase} hook "${name}" of ${label}`;
  return item.kind === 'invoke' ? `invoked function ${label}` : `constructor of ${label}`;
}

function list(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const shown = names.slice(0, 12).join(', ');
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown;
}
