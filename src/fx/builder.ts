import { Call } from './calls.ts';
import type { Item } from './component.ts';
import type { Crew } from './crew.ts';
import { describeValue, findingsOf, FxError, messageOf } from './errors.ts';
import { EventSink } from './events.ts';
import { findingAt, isProvider, type Node, type Source } from './graph.ts';
import { isLost, valueOf, type Instance } from './instance.ts';
import { isThenable } from './lifecycle.ts';
import type { Place } from './place.ts';
import type { Input, Output, Token } from './token.ts';
import type { Step } from './walk.ts';

/** The values that the framework itself provides, made for the component that asks. */
export type BuiltIns = ReadonlyMap<Token, (asking: Instance) => unknown>;

/** Called in place of a constructor, which it may call. */
export type Intercept = (instance: Instance, create: () => unknown) => unknown;

export interface BuildOptions {
  readonly builtIns: BuiltIns;
  /** Milliseconds for each constructor that has no limit of its own. */
  readonly createTimeoutMs: number;
  /** Wraps every constructor; for fault injection. */
  readonly intercept: Intercept | undefined;
}

/** Builds every instance in order; each gets what it requires by name. */
export class Builder {
  readonly #crew: Crew;
  readonly #options: BuildOptions;

  constructor(crew: Crew, options: BuildOptions) {
    this.#crew = crew;
    this.#options = options;
  }

  build(): Promise<void> {
    return this.#crew.each('forwards', (instance) => {
      if (instance.state !== 'planned' || this.#crew.skip(instance)) return undefined;
      return this.#build(instance);
    });
  }

  #build(instance: Instance): Step {
    const begun = this.#crew.clock.monotonic();
    const left = this.#crew.left(begun);
    const own = instance.node.item.timeouts.create ?? this.#options.createTimeoutMs;
    if (this.#crew.isHeard) announce(this.#crew, instance);
    const call = new CreateCall(this.#crew, { instance, phase: 'create', begun, ms: Math.min(own, left), isOwn: own <= left });
    try {
      call.needs = this.#needs(instance);
      call.intercept = this.#options.intercept;
      const made = call.make();
      if (isThenable(made)) return this.#keepLater(instance, made);
      this.#keep(instance, made);
    } catch (error) {
      this.#lose(instance, error);
    }
    return undefined;
  }

  async #keepLater(instance: Instance, made: PromiseLike<unknown>): Promise<void> {
    try {
      this.#keep(instance, await made);
    } catch (error) {
      this.#lose(instance, error);
    }
  }

  #lose(instance: Instance, error: unknown): void {
    const findings = findingsOf(error, (cause) => ({ code: 'FX_CREATE_FAILED', message: messageOf(cause), fix: 'see the cause', cause }));
    this.#crew.lose(instance, findings);
  }

  #needs(instance: Instance): Readonly<Record<string, unknown>> {
    const needs: Record<string, unknown> = {};
    const { item, sources } = instance.node;
    item.inputs.forEach((input, at) => {
      const linked = sources[at] ?? [];
      const source = linked[0];
      if (input.form === 'list' || input.form === 'map') needs[input.property] = this.#group(input, linked);
      else if (source === undefined) needs[input.property] = this.#options.builtIns.get(input.token)?.(instance);
      else needs[input.property] = valueOf(source, this.#crew.instances);
    });
    return needs;
  }

  #group({ form }: Input, sources: readonly Source[]): unknown {
    const [source] = sources;
    const isDecorated = source !== undefined && !isProvider(source.node.item);
    const members = isDecorated ? entriesOf(valueOf(source, this.#crew.instances)) : sources.flatMap((each) => this.#members(each));
    return form === 'list' ? members.map(([, value]) => value) : new Map(members);
  }

  #members(source: Source): [string, unknown][] {
    const { node, output } = source;
    const instance = this.#crew.instances[node.rank];
    if (instance === undefined || isLost(instance)) return [];
    const value = valueOf(source, this.#crew.instances);
    const name = output.group?.name ?? node.label;
    return output.group?.flatten === true
      ? (value as readonly unknown[]).map((each, index) => [`${name}[${index}]`, each])
      : [[name, value]];
  }

  #keep(instance: Instance, value: unknown): void {
    const { start, stop, place, name } = instance.node.item;
    checkValue(instance.node, value);
    instance.value = value;
    instance.state = 'constructed';
    instance.isBuilt = true;
    if (start !== undefined || stop !== undefined) {
      instance.append(
        { name, start: start && ((context) => start(value as never, context)), stop: stop && ((context) => stop(value as never, context)) },
        place,
      );
    }
    if (this.#crew.isHeard) this.#crew.connectLogger(instance);
  }
}

/** One call of one constructor. */
class CreateCall extends Call {
  needs: Readonly<Record<string, unknown>> = {};
  intercept: Intercept | undefined;

  get name(): string {
    return this.instance.node.label;
  }

  get place(): Place {
    return this.instance.node.item.place;
  }

  protected run(): unknown {
    const create = this.instance.node.item.create as (needs: Readonly<Record<string, unknown>>) => unknown;
    return this.intercept === undefined ? create(this.needs) : this.intercept(this.instance, () => create(this.needs));
  }

  protected ended(outcome: { readonly runtimeMs: number; readonly error?: unknown }): void {
    this.instance.createMs = outcome.runtimeMs;
    if (!this.crew.isHeard) return;
    announce(this.crew, this.instance, outcome);
    if ('error' in outcome) this.crew.loseLogger(this.instance, outcome.error);
  }
}

function announce(crew: Crew, instance: Instance, outcome?: { readonly runtimeMs: number; readonly error?: unknown }): void {
  const common = crew.common(instance);
  const { kind, outputs, place } = instance.node.item;
  if (kind === 'invoke' || outputs.length === 0) {
    crew.emit(
      instance,
      outcome === undefined ? { kind: 'Invoking', ...common } : { kind: 'Invoked', ...common, place: String(place), ...outcome },
    );
  } else {
    crew.emit(
      instance,
      outcome === undefined ? { kind: 'BeforeRun', ...common, kindOfRun: kind } : { kind: 'Run', ...common, kindOfRun: kind, ...outcome },
    );
  }
}

/** A decorated group is a list, or a map that keeps the names. */
function entriesOf(value: unknown): [string, unknown][] {
  if (value instanceof Map) return [...(value as ReadonlyMap<string, unknown>)];
  return Array.isArray(value) ? value.map((each, index) => [String(index), each]) : [];
}

function checkValue(node: Node, value: unknown): void {
  node.item.outputs.forEach((output) => {
    const { property } = output;
    const given = property === undefined ? value : (value as Readonly<Record<string, unknown>> | null | undefined)?.[property];
    if (!isAsDeclared(node.item, output, given)) throw wrongValue(node, output, given);
  });
}

function owesList({ kind }: Item, { group }: Output): boolean {
  return group !== undefined && (group.flatten === true || kind === 'decorate' || kind === 'replace');
}

function isAsDeclared(item: Item, output: Output, given: unknown): boolean {
  if (output.token === (EventSink as Token)) return typeof given === 'function';
  if (!owesList(item, output)) return given !== undefined;
  return Array.isArray(given) || (given instanceof Map && !isProvider(item));
}

function wrongValue(node: Node, output: Output, given: unknown): FxError {
  const { token, property } = output;
  const owed = `${owesList(node.item, output) ? 'a list for group' : 'a value for'} "${token.key}"${property === undefined ? '' : ` as "${property}"`}`;
  const message = `${node.label} owes ${owed}, but its constructor yielded ${describeValue(given)}`;
  const fix = 'return what "provides" declares; a capability that may be absent is required with optional()';
  return new FxError([findingAt(node, 'FX_BAD_VALUE', { message, fix })]);
}
