import { classMaking, isClass, type Making } from './classes.ts';
import type { Condition } from './condition.ts';
import type { HookContext } from './lifecycle.ts';
import { describeValue } from './errors.ts';
import { Place } from './place.ts';
import { isToken, Many, Optional, token, type Input, type Output, type Token } from './token.ts';

type Provision = Token | Many;
type Provisions = Provision | Readonly<Record<string, Provision>>;
type Requirement = Token | Optional | Many;
export type Requirements = Readonly<Record<string, Requirement>>;

/** The values that a record of requirements stands for. */
export type Needs<R extends Requirements> = { readonly [Name in keyof R]: Needed<R[Name]> };

type Needed<R> =
  R extends Token<string, infer T>
    ? T
    : R extends Many<Token<string, infer T>, { readonly as: 'map' }>
      ? ReadonlyMap<string, T>
      : R extends Many<Token<string, infer T>>
        ? readonly T[]
        : R extends Optional<Token<string, infer T>>
          ? T | undefined
          : never;

/** What `create` owes for `provides`; nothing where nothing is provided. */
type Owed<P> =
  P extends Many<Token<string, infer T>, { readonly flatten: true }>
    ? readonly T[]
    : P extends Token<string, infer T> | Many<Token<string, infer T>>
      ? T
      : P extends Readonly<Record<string, Provision>>
        ? { readonly [Name in keyof P]: Owed<P[Name]> }
        : unknown;

/** What a decorator owes: the same, but a group is decorated as a whole. */
type Decorated<P> =
  P extends Many<Token<string, infer T>>
    ? readonly T[] | ReadonlyMap<string, T>
    : P extends Provision
      ? Owed<P>
      : { readonly [Name in keyof P]: Decorated<P[Name]> };

/** Groups are never missing, so only plain tokens count. */
type KeysProvided<P> =
  P extends Token<infer Key>
    ? Key
    : P extends Readonly<Record<string, Provision>>
      ? { [Name in keyof P]: KeysProvided<P[Name]> }[keyof P]
      : never;
type KeysRequired<R> = { [Name in keyof R]: R[Name] extends Token<infer Key> ? Key : never }[keyof R];

declare const graph: unique symbol;

/**
 * An item of a list: what {@link component}, {@link supply}, {@link invoke}, {@link decorate}, {@link replace} and
 * {@link module} make. The type parameters are the keys that it provides and requires; the compiler completes the graph
 * with them.
 */
export interface Component<out Provided extends string = string, out Required extends string = string> {
  readonly name: string;
  readonly [graph]?: { readonly provided: Provided; readonly required: Required };
}
export type List = readonly Component[];

/** Deadlines of one component in milliseconds; where absent, those of the app apply. */
interface Timeouts {
  readonly create?: number;
  /** For each of its start hooks. */
  readonly start?: number;
  /** For each of its stop hooks. */
  readonly stop?: number;
}

type Create<R extends Requirements, Value> = ((needs: Needs<R>) => Value | Promise<Value>) | (new (...args: never[]) => Value);

/** The part of a definition that components and decorators share. */
interface Recipe<P, R extends Requirements, Value> {
  /** Its name in reports and errors. Default: the key of the first token that it provides. */
  readonly name?: string;
  /** One token, `many(token)`, or a record of them when one constructor yields several values. */
  readonly provides?: P;
  readonly requires?: R;
  /**
   * Makes the value from its requirements; may be asynchronous, or an inversify `@injectable()` class, whose requirements
   * stand in its own decorators. Constructing is silent: no socket, timer or request before start.
   */
  readonly create: Create<R, Value>;
  readonly timeouts?: Timeouts;
  /** A start hook that gets the value; it runs after those that `create` appended. */
  readonly start?: (value: Awaited<Value>, context: HookContext) => unknown;
  /** The stop hook that belongs to it. */
  readonly stop?: (value: Awaited<Value>, context: HookContext) => unknown;
}

interface Definition<P, R extends Requirements, V = Owed<P>> extends Recipe<P, R, V> {
  /** Listed only where these settings say so; decided before anything is constructed. */
  readonly when?: Condition;
  /**
   * `'abort'` (default): its failure fails the start. `'continue'`: its failure degrades the app, whatever requires it is
   * skipped, and the report says so.
   */
  readonly onFailure?: 'abort' | 'continue';
}

export type Kind = 'provide' | 'supply' | 'invoke' | 'decorate' | 'replace';

/** A definition whose types have done their work. */
type AnyDefinition = Definition<Provisions, Requirements, never>;

/** Whatever a list may hold: what was defined, by which function, and where that is written. */
abstract class Listed<Of extends string = string, Defined = unknown> implements Component {
  abstract readonly name: string;
  readonly kind: Of;
  readonly definition: Defined;
  readonly place: Place;

  constructor(kind: Of, definition: Defined, place: Place) {
    this.kind = kind;
    this.definition = definition;
    this.place = place;
  }
}

/** What the planner sees of everything that can be built. */
export class Item extends Listed<Kind, AnyDefinition> {
  /** What is wrong with the definition itself; reported with everything else, once the list is planned. */
  readonly problems: string[] = [];
  readonly outputs = outputsOf(this.definition.provides, this.problems);
  readonly making = makingOf(this.definition, this.problems);
  readonly inputs = this.making.inputs;
  readonly create = this.making.create;
  readonly name: string = nameOf(this);
  readonly when = this.definition.when;
  readonly allowedToFail = this.definition.onFailure === 'continue';
  readonly timeouts = this.definition.timeouts ?? noTimeouts;
  readonly start = hookOf(this, 'start');
  readonly stop = hookOf(this, 'stop');
}

const noTimeouts: Timeouts = {};

interface ModuleOptions<P extends List = List> {
  readonly private?: P;
  readonly when?: Condition;
}

/** A named list with private components; a scope for decorators and loggers. */
export class ModuleItem extends Listed<'module', { readonly name: string; readonly list: List; readonly options: ModuleOptions }> {
  readonly name = this.definition.name;
  readonly list = this.definition.list;
  readonly private = this.definition.options.private ?? [];
  readonly when = this.definition.options.when;
}

/** Takes the place of every component that provides the same token. */
export class Replacement extends Listed<'replacement', Item> {
  readonly by = this.definition;
  readonly name = this.by.name;
}

/**
 * Defines a component.
 *
 * One that provides something is built when somebody needs it, once. One that provides nothing is there for what it does:
 * it is always built, and everything that it needs with it.
 */
export function component<
  const R extends Requirements = Record<never, never>,
  const P extends Provisions | undefined = undefined,
  V extends Owed<P> = Owed<P>,
>(definition: Definition<P, R, V>): Component<KeysProvided<P>, KeysRequired<R>> {
  return itemOf('provide', definition, new Place(component));
}

/**
 * Wraps or replaces values inside the module that lists it (the whole app at top level). One that requires a token which
 * it also provides gets the value to be decorated; otherwise the original is never built. A group is decorated as a whole:
 * `provides: many(T)` owes the new list.
 */
export function decorate<const P extends Provisions, const R extends Requirements = Record<never, never>>(
  definition: Recipe<P, R, Decorated<P>>,
): Component<never, KeysProvided<P> | KeysRequired<R>> {
  return itemOf('decorate', definition, new Place(decorate));
}

/**
 * Provides a ready value, optionally with the hooks that belong to it.
 *
 * @throws TypeError when the value is null, undefined or an Error: a constructor may yield such, a supplied one is a mistake
 */
export function supply<Key extends string, T>(
  of: Token<Key, T> | Many<Token<Key, T>>,
  value: NoInfer<T>,
  hooks: Pick<Recipe<unknown, Requirements, NoInfer<T>>, 'start' | 'stop'> = {},
): Component<Key, never> {
  return itemOf('supply', { provides: of, create: constant('supply', value), start: hooks.start, stop: hooks.stop }, new Place(supply));
}

/** Runs `call` with its requirements while the app is built, in list order; what it returns is dropped. */
export function invoke<const R extends Requirements>(requires: R, call: (needs: Needs<R>) => unknown): Component<never, KeysRequired<R>> {
  const name = typeof call === 'function' && call.name !== '' ? call.name : 'invoke';
  return itemOf('invoke', { name, requires, create: call }, new Place(invoke));
}

/**
 * With a component: it takes the place of whatever the list provides for the same tokens, constructor and all. With a token
 * and a value: inside the module that lists it, the value stands for the token and the original is never built.
 *
 * @throws TypeError when the value is null, undefined or an Error
 */
export function replace<Provided extends string, Required extends string>(by: Component<Provided, Required>): Component<never, Required>;
export function replace<Key extends string, T>(of: Token<Key, T>, value: NoInfer<T>): Component<never, Key>;
export function replace<Key extends string, T>(of: Many<Token<Key, T>>, value: readonly NoInfer<T>[]): Component<never, never>;
export function replace(of: Component | Token | Many, value?: unknown): Component {
  const place = new Place(replace);
  if (isToken(of) || of instanceof Many) return itemOf('replace', { provides: of, create: constant('replace', value) }, place);
  const by = of instanceof Item ? of : brokenItem('replace takes a component, or a token and a value', place);
  return new Replacement('replacement', by, place);
}

/**
 * A named part of an app. What its list provides is visible everywhere; `private` components, which come first in its
 * order, only in it and in modules inside it, like the decorators and the `EventSink` that it lists. The same module
 * listed twice counts once.
 */
export function module<const L extends List, const P extends List = readonly []>(
  name: string,
  list: L,
  options: ModuleOptions<P> = {},
): Component<ProvidedBy<L[number]>, Exclude<RequiredBy<L[number] | P[number]>, ProvidedBy<L[number] | P[number]>>> {
  return new ModuleItem('module', { name, list, options }, new Place(module));
}

type ProvidedBy<C> = C extends Component<infer Keys> ? Keys : never;
type RequiredBy<C> = C extends Component<string, infer Keys> ? Keys : never;

/**
 * Accepts a list only if everything that it requires is provided in it; otherwise the compiler's message names the keys.
 * A list whose type has been widened passes, and is checked when the app is planned.
 */
export type Complete<L extends List, Asked extends string = never> = [Missing<L, Asked>] extends [never]
  ? unknown
  : { readonly 'nothing in this list provides': Missing<L, Asked> };
type Missing<L extends List, Asked extends string> = Exclude<RequiredBy<L[number]> | Asked, ProvidedBy<L[number]> | `fx.${string}`>;
export type Wanted<R extends Requirements> = KeysRequired<R>;

/** The root that a one-shot function or a test asks its values through. */
export function request(requires: Requirements, receive: (needs: never) => void, place: Place): Item {
  return itemOf('invoke', { name: 'request', requires, create: receive }, place);
}

function itemOf(kind: Kind, definition: unknown, place: Place): Item {
  if (typeof definition !== 'object' || definition === null)
    return brokenItem(`a definition is an object, not ${describeValue(definition)}`, place);
  if (definition instanceof Listed) return brokenItem(`${definition.name} is a list item already: list it as it is`, place);
  return new Item(kind, definition as AnyDefinition, place);
}

function brokenItem(problem: string, place: Place): Item {
  const item = itemOf('provide', { name: 'unnamed', create: () => undefined }, place);
  item.problems.push(problem);
  return item;
}

function constant(kind: Kind, value: unknown): () => unknown {
  if (value === null || value === undefined) throw new TypeError(`${kind}: the value is ${String(value)}`);
  if (value instanceof Error) throw new TypeError(`${kind}: the value is an Error: ${value.message}`);
  return () => value;
}

const suffixes = { provide: '', supply: '', invoke: '', decorate: ' decorator', replace: ' replacement' };

function nameOf({ kind, definition: { name }, outputs, problems }: Item): string {
  const key = outputs[0]?.token.key;
  const isConstant = kind === 'supply' || kind === 'replace';
  if (name === undefined && key === undefined && !isConstant) problems.push('a component that provides nothing needs a name');
  return name ?? `${key ?? 'unnamed'}${suffixes[kind]}`;
}

function hookOf({ definition, problems }: Item, name: 'start' | 'stop'): AnyDefinition['start'] {
  const hook = definition[name];
  if (hook !== undefined && typeof hook !== 'function') problems.push(`${name} must be a function, not ${describeValue(hook)}`);
  return hook;
}

function makingOf({ requires, create }: AnyDefinition, problems: string[]): Making {
  const inputs = requires === undefined ? none : Object.keys(requires).map((property) => inputOf(property, requires[property], problems));
  if (typeof create !== 'function') problems.push(`create must be a function or a class, not ${describeValue(create)}`);
  else if (isClass(create)) {
    if (requires !== undefined) problems.push('a class says what it requires in its own decorators, not in "requires"');
    return classMaking(create, problems);
  }
  return { inputs, create };
}

function outputsOf(provides: Provisions | undefined, problems: string[]): readonly Output[] {
  if (provides === undefined) return none;
  if (typeof provides !== 'object' || provides === null || provides instanceof Many) return outputOf(provides, undefined, problems);
  const outputs = Object.entries(provides).flatMap(([property, provision]) => outputOf(provision, property, problems));
  if (outputs.length === 0 && problems.length === 0) problems.push('"provides" is empty');
  return outputs;
}

function outputOf(provision: Provision, property: string | undefined, problems: string[]): Output[] {
  if (isToken(provision)) return [{ token: provision, group: undefined, property }];
  const where = property === undefined ? '"provides"' : `"provides.${property}"`;
  if (provision instanceof Many && isToken(provision.token)) {
    if (provision.options.soft === true) problems.push(`${where}: "soft" is for consuming a group, not for contributing to it`);
    if (provision.options.as !== undefined) problems.push(`${where}: "as" is for consuming a group, not for contributing to it`);
    return [{ token: provision.token, group: provision.options, property }];
  }
  problems.push(`${where} must be a token or many(token), not ${describeValue(provision)}`);
  return [];
}

function inputOf(property: string, requirement: Requirement | undefined, problems: string[]): Input {
  if (isToken(requirement)) return { property, token: requirement, form: 'one', soft: false };
  if (requirement instanceof Many && isToken(requirement.token)) return groupInput(property, requirement, problems);
  const of = requirement instanceof Optional && isToken(requirement.token) ? requirement.token : unknown;
  if (of === unknown)
    problems.push(`"requires.${property}" must be a token, optional(token) or many(token), not ${describeValue(requirement)}`);
  return { property, token: of, form: 'optional', soft: false };
}

/** Stands in for what is not a token, so that the rest of a broken definition can be checked. */
const unknown = token()('fx.unknown');
const none: readonly never[] = [];

function groupInput(property: string, { token: of, options }: Many, problems: string[]): Input {
  for (const key of ['flatten', 'name'] as const) {
    if (options[key] !== undefined) problems.push(`"requires.${property}": "${key}" is for contributing to a group, not for consuming it`);
  }
  const { as: form = 'list' } = options;
  if (form !== 'list' && form !== 'map') problems.push(`"requires.${property}": "as" is 'list' or 'map', not ${describeValue(form)}`);
  return { property, token: of, form, soft: options.soft === true };
}
