import { Call, type Failure } from './calls.ts';
import type { Item } from './component.ts';
import type { Crew } from './crew.ts';
import { describeValue, FxError } from './errors.ts';
import { EventSink } from './events.ts';
import { findingAt, isProvider, type Node, type Source } from './graph.ts';
import { isLost, valueOf, type Instance } from './instance.ts';
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
    return this.#crew.each('forwards', (instance) =>
      instance.state !== 'planned' || this.#crew.skip(instance) ? undefined : this.#build(instance),
    );
  }

  #build(instance: Instance): Step {
    const call = new CreateCall(this.#crew, instance, 'create');
    call.needs = this.#needs(instance);
    call.intercept = this.#options.intercept;
    const own = instance.node.item.timeouts.create ?? this.#options.createTimeoutMs;
    try {
      return call.make(own, this.#crew.left(call.begun))?.catch((error: unknown) => this.#crew.lose(instance, error));
    } catch (error) {
      return this.#crew.lose(instance, error);
    }
  }

  #needs(instance: Instance): Readonly<Record<string, unknown>> {
    const needs: Record<string, unknown> = {};
    const { item, sources } = instance.node;
    for (let at = 0; at < item.inputs.length; at += 1) {
      const { property, form, token } = item.inputs[at] as Input;
      const linked = sources[at] ?? [];
      if (form === 'list' || form === 'map') needs[property] = this.#group(form, linked);
      else if (linked[0] === undefined) needs[property] = this.#options.builtIns.get(token)?.(instance);
      else needs[property] = valueOf(linked[0], this.#crew.instances);
    }
    return needs;
  }

  #group(form: 'list' | 'map', sources: readonly Source[]): unknown {
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

  protected begins(): void {
    if (this.crew.isHeard) this.#emit();
  }

  protected run(): unknown {
    const create = this.instance.node.item.create as (needs: Readonly<Record<string, unknown>>) => unknown;
    return this.intercept === undefined ? create(this.needs) : this.intercept(this.instance, () => create(this.needs));
  }

  protected ended(runtimeMs: number, failure?: Failure): void {
    this.instance.createdAt = this.begun;
    this.instance.createMs = runtimeMs;
    if (!this.crew.isHeard) return;
    this.#emit({ runtimeMs, ...failure });
    if (failure !== undefined) this.crew.loseLogger(this.instance, failure.error);
  }

  protected override keep(value: unknown): void {
    const { crew, instance } = this;
    checkValue(instance.node, value);
    instance.keep(value);
    if (crew.isHeard) crew.connectLogger(instance);
  }

  #emit(outcome?: Failure & { readonly runtimeMs: number }): void {
    const { crew, instance } = this;
    const { kind, outputs, place } = instance.node.item;
    const common = crew.common(instance);
    if (kind === 'invoke' || outputs.length === 0) {
      crew.emit(instance, outcome ? { kind: 'Invoked', ...common, place: String(place), ...outcome } : { kind: 'Invoking', ...common });
    } else {
      const run = { ...common, kindOfRun: kind };
      crew.emit(instance, outcome ? { kind: 'Run', ...run, ...outcome } : { kind: 'BeforeRun', ...run });
    }
  }
}

/** A decorated group is a list, or a map that keeps the names. */
function entriesOf(value: unknown): [string, unknown][] {
  if (value instanceof Map) return [...(value as ReadonlyMap<string, unknown>)];
  return Array.isArray(value) ? value.map((each, index) => [String(index), each]) : [];
}

function checkValue(node: Node, value: unknown): void {
  for (const output of node.item.outputs) {
    const { property } = output;
    const given = property === undefined ? value : (value as Readonly<Record<string, unknown>> | null | undefined)?.[property];
    if (!isAsDeclared(node.item, output, given)) throw wrongValue(node, output, given);
  }
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
