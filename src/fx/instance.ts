import { FxError } from './errors.ts';
import type { Node, Source } from './graph.ts';
import type { JobReport } from './jobs.ts';
import { Lifecycle, type Hook, type HookFunction } from './lifecycle.ts';
import { Place } from './place.ts';

export type ComponentState = 'planned' | 'constructed' | 'started' | 'failed' | 'skipped' | 'stopped';
export type HookState = 'idle' | 'starting' | 'started' | 'failed' | 'stopping' | 'stopped';

/** A hook as it was appended, and what became of it. */
export class HookRecord {
  readonly instance: Instance;
  readonly hook: Hook;
  readonly name: string;
  readonly place: Place;
  state: HookState = 'idle';
  /** When its start was called, in milliseconds of the clock. */
  startedAt: number | undefined;
  startMs: number | undefined;
  stopMs: number | undefined;
  /** Given up by the framework, but not settled yet. */
  isStillRunning = false;

  constructor(instance: Instance, hook: Hook, place: Place) {
    this.instance = instance;
    this.hook = hook;
    this.name = hook.name ?? nameOf(hook.start, 'start') ?? nameOf(hook.stop, 'stop') ?? 'anonymous';
    this.place = place;
  }

  begin(phase: string, at: number): void {
    if (phase === 'start') {
      this.state = 'starting';
      this.startedAt = at;
    } else if (phase === 'stop') this.state = 'stopping';
  }

  end(phase: string, runtimeMs: number, error: unknown): void {
    if (phase === 'start') {
      this.state = error === undefined ? 'started' : 'failed';
      this.startMs = runtimeMs;
    } else if (phase === 'stop') {
      this.state = 'stopped';
      this.stopMs = runtimeMs;
    }
  }
}

function nameOf(call: HookFunction | undefined, ofProperty: string): string | undefined {
  return call === undefined || call.name === '' || call.name === ofProperty ? undefined : call.name;
}

const none: readonly never[] = [];

/** A node being built, started and stopped. */
export class Instance {
  readonly node: Node;
  hooks: readonly HookRecord[] = none;
  jobs: readonly (() => JobReport)[] = none;
  value: unknown;
  state: ComponentState = 'planned';
  /** It has a value; whatever becomes of its start, it can be started again. */
  isBuilt = false;
  failure: unknown;
  /** When its constructor was called, in milliseconds of the clock. */
  createdAt: number | undefined;
  createMs: number | undefined;
  /** No hook can be appended any more. */
  isSealed = false;

  constructor(node: Node) {
    this.node = node;
  }

  get lifecycle(): Lifecycle {
    const append = (hook: Hook): void => this.append(hook, new Place(append));
    return { append };
  }

  /** Before a start: everything that was stopped may start again, and no hook can be appended any more. */
  rewind(): void {
    this.isSealed = true;
    for (const record of this.hooks) record.state = 'idle';
    if (!this.isBuilt) return;
    this.state = 'constructed';
    this.failure = undefined;
  }

  /** What its constructor has made, and the hooks of its definition behind those that it appended. */
  keep(value: unknown): void {
    const { start, stop, place, name } = this.node.item;
    this.value = value;
    this.state = 'constructed';
    this.isBuilt = true;
    if (start === undefined && stop === undefined) return;
    const hook: Hook = {
      name,
      start: start && ((context) => start(value as never, context)),
      stop: stop && ((context) => stop(value as never, context)),
    };
    this.append(hook, place);
  }

  append(hook: Hook, place: Place): void {
    if (this.isSealed) {
      const message = `${this.node.label} appends hook "${hook.name ?? ''}" after the app has begun to start, so it would never run`;
      const fix = 'append hooks while create runs; what goes on later is a job';
      throw new FxError([{ code: 'FX_STATE', message, component: this.node.label, place: String(place), fix }]);
    }
    this.hooks = this.hooks.concat(new HookRecord(this, hook, place));
  }

  /** The first of what it cannot do without that is not there, because it failed or was skipped itself. */
  blockedBy(instances: readonly Instance[]): Instance | undefined {
    for (const [at, { form }] of this.node.item.inputs.entries()) {
      if (form !== 'one') continue;
      const needed = instances[this.node.sources[at]?.[0]?.node.rank ?? -1];
      if (needed !== undefined && isLost(needed)) return needed;
    }
    return undefined;
  }
}

export function isLost({ state }: Instance): boolean {
  return state === 'failed' || state === 'skipped';
}

/** The value of a source, or `undefined` when its component is not there. */
export function valueOf({ node, output }: Source, instances: readonly Instance[]): unknown {
  const instance = instances[node.rank];
  if (instance === undefined || isLost(instance)) return undefined;
  return output.property === undefined ? instance.value : (instance.value as Readonly<Record<string, unknown>>)[output.property];
}
