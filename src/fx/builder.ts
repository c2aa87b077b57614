import { FxError, findingsOf, messageOf, type Finding } from './errors.ts';
import { describeValue, type Node, type Source } from './graph.ts';
import { type Instance, isLost, valueOf } from './instance.ts';
import { Attempt, isThenable } from './lifecycle.ts';
import type { Input } from './component.ts';
import type { Crew } from './crew.ts';
import type { Token } from './token.ts';

/** The values that the framework itself provides, made for the component that asks. */
export type BuiltIns = ReadonlyMap<Token, (asking: Instance) => unknown>;

export interface BuildOptions {
  readonly builtIns: BuiltIns;
  /** Milliseconds for each constructor. */
  readonly createTimeoutMs: number;
  /** Wraps every constructor; for fault injection. */
  readonly intercept: Intercept | undefined;
}

/** Called in place of a constructor, which it may call. */
export type Intercept = (instance: Instance, create: () => unknown) => unknown;

/** Builds every instance in order; each gets what it requires by name. */
export class Builder {
  readonly #crew: Crew;
  readonly #options: BuildOptions;

  constructor(crew: Crew, options: BuildOptions) {
    this.#crew = crew;
    this.#options = options;
  }

  build(): Promise<void> {
    return this.#crew.each('forwards', (instance) => this.#build(instance));
  }

  #build(instance: Instance): void | Promise<void> {
    if (instance.state !== 'planned' || this.#crew.skip(instance)) return undefined;
    this.#announce(instance, undefined);
    const attempt = new CreateAttempt(this.#crew, { instance, options: this.#options, needs: this.#needs(instance) });
    try {
      this.#crew.interrupt.throwIfAborted();
      const made = attempt.run();
      if (isThenable(made)) return this.#buildLater(attempt, made);
      this.#finish(attempt, made);
    } catch (error) {
      this.#fail(attempt, error);
    }
    return undefined;
  }

  async #buildLater(attempt: CreateAttempt, made: PromiseLike<unknown>): Promise<void> {
    try {
      this.#finish(attempt, await made);
    } catch (error) {
      this.#fail(attempt, error);
    }
  }

  #needs(instance: Instance): Readonly<Record<string, unknown>> {
    const needs: Record<string, unknown> = {};
    const { item, sources } = instance.node;
    for (let at = 0; at < sources.length; at += 1) {
      const input = item.inputs[at];
      if (input !== undefined) needs[input.property] = this.#need(instance, { input, sources: sources[at] ?? [] });
    }
    return needs;
  }

  #need(instance: Instance, { input, sources }: { readonly input: Input; readonly sources: readonly Source[] }): unknown {
    const { instances } = this.#crew;
    const [source] = sources;
    if (input.form === 'list' || input.form === 'map') {
      const decorated = source?.node.item.kind === 'decorate' || source?.node.item.kind === 'replace';
      const members = decorated && source !== undefined ? entriesOf(valueOf(source, instances)) : sources.flatMap((each) => this.#members(each));
      return input.form === 'list' ? members.map(([, value]) => value) : new Map(members);
    }
    if (source !== undefined) return valueOf(source, instances);
    return this.#options.builtIns.get(input.token)?.(instance);
  }

  #members(source: Source): [string, unknown][] {
    const { node, output } = source;
    const instance = this.#crew.instances[node.rank];
    if (instance === undefined || isLost(instance)) return [];
    const value = valueOf(source, this.#crew.instances);
    const name = output.group?.name ?? node.label;
    if (output.group?.flatten !== true) return [[name, value]];
    return (value as readonly unknown[]).map((each, index) => [`${name}[${index}]`, each]);
  }

  #finish({ instance, begun }: CreateAttempt, value: unknown): void {
    const { node } = instance;
    checkValue(node, value);
    instance.value = value;
    instance.state = 'constructed';
    instance.createMs = this.#crew.clock.monotonic() - begun;
    const { start, stop, place, name } = node.item;
    if (start !== undefined || stop !== undefined) {
      instance.append({ name, start: start && ((context) => start(value as never, context)), stop: stop && ((context) => stop(value as never, context)) }, place);
    }
    this.#announce(instance, { runtimeMs: instance.createMs });
    this.#crew.connectLogger(instance);
  }

  #fail({ instance, begun }: CreateAttempt, error: unknown): void {
    const { item, label } = instance.node;
    instance.createMs = this.#crew.clock.monotonic() - begun;
    this.#announce(instance, { runtimeMs: instance.createMs, error });
    const verb = item.kind === 'invoke' ? 'invoked function' : 'constructor of';
    const findings = findingsOf(error, (cause): Finding => ({
      code: 'FX_CREATE_FAILED',
      message: `${verb} ${label} failed: ${messageOf(cause)}`,
      component: label,
      wantedBy: this.#crew.pathTo(instance.node),
      place: String(item.place),
      fix: item.allowedToFail ? 'see the cause' : `see the cause; if the app can do without ${label}, declare it onFailure: 'continue'`,
      cause,
    }));
    this.#crew.lose(instance, findings);
  }

  #announce(instance: Instance, outcome: { readonly runtimeMs: number; readonly error?: unknown } | undefined): void {
    if (!this.#crew.isHeard) return;
    const common = this.#crew.common(instance);
    const { kind, place } = instance.node.item;
    if (kind !== 'invoke' && instance.node.item.outputs.length > 0) {
      this.#crew.emit(instance, outcome === undefined ? { kind: 'BeforeRun', ...common, kindOfRun: kind } : { kind: 'Run', ...common, kindOfRun: kind, ...outcome });
    } else {
      this.#crew.emit(instance, outcome === undefined ? { kind: 'Invoking', ...common } : { kind: 'Invoked', ...common, place: String(place), ...outcome });
    }
  }
}

/** One call of one constructor. */
class CreateAttempt extends Attempt {
  readonly instance: Instance;
  readonly #crew: Crew;
  readonly #isOwnLimit: boolean;
  readonly #intercept: Intercept | undefined;
  readonly #needs: Readonly<Record<string, unknown>>;

  constructor(crew: Crew, what: { readonly instance: Instance; readonly options: BuildOptions; readonly needs: Readonly<Record<string, unknown>> }) {
    const { instance, options } = what;
    const begun = crew.clock.monotonic();
    const own = instance.node.item.timeouts.create ?? options.createTimeoutMs;
    const left = crew.left(begun);
    super(crew.clock, { begun, ms: Math.min(own, left) });
    this.instance = instance;
    this.#crew = crew;
    this.#isOwnLimit = own <= left;
    this.#intercept = options.intercept;
    this.#needs = what.needs;
  }

  run(): unknown {
    return this.make(this.#crew.interrupt);
  }

  protected call(): unknown {
    const create = this.instance.node.item.create as (needs: Readonly<Record<string, unknown>>) => unknown;
    return this.#intercept === undefined ? create(this.#needs) : this.#intercept(this.instance, () => create(this.#needs));
  }

  protected timedOut(): Error {
    const { label, item } = this.instance.node;
    return this.#crew.timedOut({
      code: 'FX_CREATE_TIMEOUT',
      what: `constructing ${label}`,
      place: item.place,
      instance: this.instance,
      ms: this.ms,
      isOwn: this.#isOwnLimit,
    });
  }

  protected givenUp(): void {}

  /** Constructing is silent, so there is nothing to release. */
  protected settledLate(outcome: { readonly error?: unknown }): void {
    this.#crew.emit(this.instance, { kind: 'SettledLate', ...this.#crew.common(this.instance), hook: 'create', ...outcome });
  }
}

/** A decorated group is a list, or a map that keeps the names. */
function entriesOf(value: unknown): [string, unknown][] {
  if (value instanceof Map) return [...(value as ReadonlyMap<string, unknown>)];
  return Array.isArray(value) ? value.map((each, index) => [String(index), each]) : [];
}

function checkValue({ item, label }: Node, value: unknown): void {
  for (const { property, token, group } of item.outputs) {
    const isGroupDecorator = group !== undefined && (item.kind === 'decorate' || item.kind === 'replace');
    const given = property === undefined ? value : (value as Readonly<Record<string, unknown>> | null | undefined)?.[property];
    const isList = Array.isArray(given) || (isGroupDecorator && given instanceof Map);
    if (given !== undefined && (isList || (group?.flatten !== true && !isGroupDecorator))) continue;
    const wanted = given === undefined ? `a value for "${token.key}"` : `a list for group "${token.key}"`;
    throw new FxError([
      {
        code: 'FX_BAD_VALUE',
        message: `${label} owes ${wanted}${property === undefined ? '' : ` as "${property}"`}, but its constructor yielded ${describeValue(given)}`,
        component: label,
        place: String(item.place),
        fix: 'return what "provides" declares; a capability that may be absent is required with optional()',
      },
    ]);
  }
}
