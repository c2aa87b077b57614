import type { Call } from './calls.ts';
import type { Timeouts } from './component.ts';
import { describeValue, FxError } from './errors.ts';
import { findingAt, type Node } from './graph.ts';
import { Place } from './place.ts';
import { token } from './token.ts';

/** What every hook is given. */
export type HookContext = Pick<Call, 'signal' | 'deadline'>;
type HookFunction = (context: HookContext) => unknown;

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

/**
 * The phases of a component: which timeout bounds the call in each, how its errors and events are called, and what a hook
 * must be before, and is during and after it.
 */
export const phases = {
  create: { name: 'create', bound: 'create', code: 'FX_CREATE', event: undefined, from: 'idle', during: 'idle', to: 'idle' },
  start: { name: 'start', bound: 'start', code: 'FX_START', event: 'OnStart', from: 'idle', during: 'starting', to: 'started' },
  ready: { name: 'ready', bound: 'start', code: 'FX_START', event: 'OnReady', from: 'started', during: 'started', to: 'started' },
  drain: { name: 'drain', bound: 'stop', code: 'FX_STOP', event: 'OnDrain', from: 'started', during: 'started', to: 'started' },
  stop: { name: 'stop', bound: 'stop', code: 'FX_STOP', event: 'OnStop', from: 'started', during: 'stopping', to: 'stopped' },
} as const;
export type Phase = (typeof phases)[keyof typeof phases];
export type HookPhase = Exclude<Phase, typeof phases.create>;
type Calls = Record<Phase['name'], Call | undefined>;

/** The functions of a component: those of its definition, or of one hook that it appended. */
export class HookRecord {
  declare readonly node: Node;
  declare readonly hook: Hook & { readonly timeouts?: Timeouts };
  declare readonly place: Place;
  state: Phase['from' | 'during' | 'to'] | 'failed' = 'idle';
  /** The last call of each function. */
  readonly calls: Calls = { create: undefined, start: undefined, ready: undefined, drain: undefined, stop: undefined };

  constructor(node: Node, hook: object, place: Place) {
    this.node = node;
    this.hook = hook;
    this.place = place;
  }

  /** It is the component's definition, whose functions are given the value too. */
  get isOwn(): boolean {
    return (this.hook as object) === this.node.item.definition;
  }

  get name(): string {
    const { name, start, stop } = this.hook;
    if (this.isOwn) return this.node.item.name;
    const given = [start?.name, stop?.name].find((each = '') => !['', 'start', 'stop'].includes(each));
    return name ?? given ?? 'anonymous';
  }

  call({ name }: HookPhase, context: HookContext): unknown {
    const { hook, node } = this;
    const call = hook[name] as ((...given: readonly unknown[]) => unknown) | undefined;
    return this.isOwn ? call?.call(hook, node.value, context) : call?.call(hook, context);
  }
}

const hookPhases = ['start', 'ready', 'drain', 'stop'] as const satisfies readonly HookPhase['name'][];

/** What of a hook, or of a definition, should be a function and is none. */
export function misfit(hook: Partial<Record<HookPhase['name'], unknown>>): string | undefined {
  const wrong = hookPhases.find((phase) => hook[phase] !== undefined && typeof hook[phase] !== 'function');
  return wrong && `${wrong} must be a function, not ${describeValue(hook[wrong])}`;
}

/** Adds a hook that a component hands over, if it is one and not too late. */
export function append(node: Node, hook: Hook, place: Place): void {
  const problem = node.isSealed ? 'the app has begun to start: it would never run' : misfit(hook);
  if (problem === undefined) return void (node.hooks = node.hooks.concat(new HookRecord(node, hook, place)));
  const message = `${node.label} appends hook "${hook.name ?? ''}", but ${problem}`;
  const code = node.isSealed ? 'FX_STATE' : 'FX_BAD_DEFINITION';
  const fix = 'append functions, and while create runs; what goes on later is a job';
  throw new FxError([findingAt(node, code, { message, place: String(place), fix })]);
}

/** The `Lifecycle` of one component. */
export function lifecycleOf(node: Node): Lifecycle {
  const lifecycle = { append: (hook: Hook): void => append(node, hook, new Place(lifecycle.append)) };
  return lifecycle;
}

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
