import { describeValue, FxError, type Code } from './errors.ts';
import type { Node } from './graph.ts';
import { Place } from './place.ts';
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

const phases = ['start', 'ready', 'drain', 'stop'] as const;
export type HookPhase = (typeof phases)[number];
type HookCall = ((...given: readonly unknown[]) => unknown) | undefined;

/** A hook in its component, and what became of it. */
export class HookRecord {
  declare readonly node: Node;
  /** As it was appended, or the definition of the component itself, whose functions are given the value too. */
  declare readonly hook: Hook;
  declare readonly place: Place;
  state: 'idle' | 'starting' | 'started' | 'failed' | 'stopping' | 'stopped' = 'idle';
  /** When its start was called, in milliseconds since that of the app began. */
  startAtMs: number | undefined = undefined;
  startMs: number | undefined = undefined;
  stopMs: number | undefined = undefined;
  /** Given up by the framework, but not settled yet. */
  isStillRunning = false;

  constructor(node: Node, hook: object, place: Place) {
    this.node = node;
    this.hook = hook;
    this.place = place;
  }

  get name(): string {
    const { hook, node } = this;
    if (this.isDefined) return node.item.name;
    return hook.name ?? nameOf(hook.start, 'start') ?? nameOf(hook.stop, 'stop') ?? 'anonymous';
  }

  /** It is no hook that was appended, but the definition of the component itself. */
  get isDefined(): boolean {
    return (this.hook as object) === this.node.item.definition;
  }

  /** Calls one of its functions, so many milliseconds after the start of the app began. */
  call(phase: HookPhase, atMs: number, context: HookContext): unknown {
    const { hook, node } = this;
    if (phase === 'start') {
      this.state = 'starting';
      this.startAtMs = atMs;
    } else if (phase === 'stop') this.state = 'stopping';
    const call = hook[phase] as HookCall;
    return this.isDefined ? call?.call(hook, node.value, context) : call?.call(hook, context);
  }
}

function nameOf(call: HookFunction | undefined, ofProperty: string): string | undefined {
  return call === undefined || call.name === '' || call.name === ofProperty ? undefined : call.name;
}

/** What of a hook, or of a definition, should be a function and is none. */
export function misfit(hook: object): string | undefined {
  for (let at = 0; at < phases.length; at += 1) {
    const phase = phases[at] as HookPhase;
    const call: unknown = (hook as Hook)[phase];
    if (call !== undefined && typeof call !== 'function') return `${phase} must be a function, not ${describeValue(call)}`;
  }
  return undefined;
}

/** Adds a hook that a component hands over, if it is one and not too late. */
export function append(node: Node, hook: Hook, place: Place): void {
  const refuse = (code: Code, problem: string, fix: string): never => {
    const message = `${node.label} appends hook "${hook.name ?? ''}" ${problem}`;
    throw new FxError([{ code, message, component: node.label, place: String(place), fix }]);
  };
  if (node.isSealed) {
    const problem = 'after the app has begun to start, so it would never run';
    refuse('FX_STATE', problem, 'append hooks while create runs; what goes on later is a job');
  }
  const wrong = misfit(hook);
  if (wrong !== undefined) refuse('FX_BAD_DEFINITION', `whose ${wrong}`, 'make it one, or leave it out');
  node.hooks = [...node.hooks, new HookRecord(node, hook, place)];
}

/** The `Lifecycle` of one component. */
export function lifecycleOf(node: Node): Lifecycle {
  const lifecycle = { append: (hook: Hook): void => append(node, hook, new Place(lifecycle.append)) };
  return lifecycle;
}

/** What a hook is given; its signal is made only if the hook looks at it, because most do not. */
export class CallContext implements HookContext {
  readonly deadline: number;
  #controller: AbortController | undefined;

  constructor(deadline: number) {
    this.deadline = deadline;
  }

  get controller(): AbortController {
    this.#controller ??= new AbortController();
    return this.#controller;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
