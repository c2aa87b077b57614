import { classInputs, isClass } from './classes.ts';
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
    : R extends Many<Token<string, infer T>, infer Options>
      ? Options extends { readonly as: 'map' }
        ? ReadonlyMap<string, T>
        : readonly T[]
      : R extends Optional<Token<string, infer T>>
        ? T | undefined
        : never;

/** What `create` owes for `provides`; nothing where nothing is provided. */
type Owed<P> =
  P extends Token<string, infer T>
    ? T
    : P extends Many<Token<string, infer T>, infer Options>
      ? Options extends { readonly flatten: true }
        ? readonly T[]
        : T
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
    : P extends Many
      ? never
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
export interface Timeouts {
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

interface ItemFields {
  readonly kind: Kind;
  readonly name: string | undefined;
  readonly place: Place;
  readonly outputs: readonly Output[];
  readonly inputs: readonly Input[];
  readonly create: (needs: never) => unknown;
  readonly definition: Partial<Definition<Provisions, Requirements>>;
  readonly problems: readonly string[];
}

/** Whatever a list may hold. */
abstract class Listed implements Component {
  abstract readonly name: string;
  abstract readonly place: Place;
}

/** What the planner sees of everything that can be built. */
export class Item extends Listed {
  readonly kind: Kind;
  readonly name: string;
  readonly place: Place;
  readonly outputs: readonly Output[];
  readonly inputs: readonly Input[];
  readonly create: (needs: never) => unknown;
  readonly when: Condition | undefined;
  readonly allowedToFail: boolean;
  readonly timeouts: Timeouts;
  readonly start: ((value: never, context: HookContext) => unknown) | undefined;
  readonly stop: ((value: never, context: HookContext) => unknown) | undefined;
  /** What is wrong with the definition itself; reported with everything else, once the list is planned. */
  readonly problems: readonly string[];

  constructor(fields: ItemFields) {
    super();
    const { definition } = fields;
    this.kind = fields.kind;
    this.name = fields.name ?? defaultName(fields);
    this.place = fields.place;
    this.outputs = fields.outputs;
    this.inputs = fields.inputs;
    this.create = fields.create;
    this.when = definition.when;
    this.allowedToFail = definition.onFailure === 'continue';
    this.timeouts = definition.timeouts ?? noTimeouts;
    this.start = definition.start;
    this.stop = definition.stop;
    this.problems = isHook(this.start) && isHook(this.stop) ? fields.problems : [...fields.problems, ...wrongHooks(definition)];
  }
}

const noTimeouts: Timeouts = {};

function isHook(hook: unknown): boolean {
  return hook === undefined || typeof hook === 'function';
}

function wrongHooks(definition: ItemFields['definition']): string[] {
  const wrong = (['start', 'stop'] as const).filter((hook) => !isHook(definition[hook]));
  return wrong.map((hook) => `${hook} must be a function, not ${describeValue(definition[hook])}`);
}

function defaultName({ kind, outputs }: ItemFields): string {
  const key = outputs[0]?.token.key ?? 'unnamed';
  return kind === 'decorate' ? `${key} decorator` : kind === 'replace' ? `${key} replacement` : key;
}

/** A named list with private components; a scope for decorators and loggers. */
export class ModuleItem extends Listed {
  readonly name: string;
  readonly place: Place;
  readonly list: List;
  readonly private: List;
  readonly when: Condition | undefined;

  constructor(
    name: string,
    fields: { readonly place: Place; readonly list: List; readonly private: List; readonly when: Condition | undefined },
  ) {
    super();
    this.name = name;
    this.place = fields.place;
    this.list = fields.list;
    this.private = fields.private;
    this.when = fields.when;
  }
}

/** Takes the place of every component that provides the same token. */
export class Replacement extends Listed {
  readonly name: string;
  readonly place: Place;
  readonly by: Item;

  constructor(by: Item, place: Place) {
    super();
    this.name = by.name;
    this.place = place;
    this.by = by;
  }
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
  return itemOf(definition as unknown as Definition<Provisions, Requirements>, 'provide', new Place(component));
}

/**
 * Wraps or replaces values inside the module that lists it (the whole app at top level). One that requires a token which
 * it also provides gets the value to be decorated; otherwise the original is never built. A group is decorated as a whole:
 * `provides: many(T)` owes the new list.
 */
export function decorate<const P extends Provisions, const R extends Requirements = Record<never, never>>(
  definition: Recipe<P, R, Decorated<P>>,
): Component<never, KeysProvided<P> | KeysRequired<R>> {
  return itemOf(definition as unknown as Definition<Provisions, Requirements>, 'decorate', new Place(decorate));
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
  return constant('supply', { of, value, hooks: hooks as Hooks }, new Place(supply));
}

/** Runs `call` with its requirements while the app is built, in list order; what it returns is dropped. */
export function invoke<const R extends Requirements>(requires: R, call: (needs: Needs<R>) => unknown): Component<never, KeysRequired<R>> {
  const named = typeof call === 'function' && call.name !== '' ? { name: call.name } : { name: 'invoke' };
  return itemOf({ ...named, requires, create: call } as Definition<Provisions, Requirements>, 'invoke', new Place(invoke));
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
  if (of instanceof Item) return new Replacement(of, place);
  if (isToken(of) || of instanceof Many) return constant('replace', { of, value, hooks: {} }, place);
  return new Replacement(brokenItem('replace takes a component, or a token and a value', place), place);
}

/**
 * A named part of an app. What its list provides is visible everywhere; `private` components, which come first in its
 * order, only in it and in modules inside it, like the decorators and the `EventSink` that it lists. The same module
 * listed twice counts once.
 */
export function module<const L extends List, const P extends List = readonly []>(
  name: string,
  list: L,
  options: { readonly private?: P; readonly when?: Condition } = {},
): Component<ProvidedBy<L[number]>, Exclude<RequiredBy<L[number] | P[number]>, ProvidedBy<L[number] | P[number]>>> {
  return new ModuleItem(name, { place: new Place(module), list, private: options.private ?? [], when: options.when });
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
  return itemOf({ name: 'request', requires, create: receive } as Definition<Provisions, Requirements>, 'invoke', place);
}

function itemOf(definition: Definition<Provisions, Requirements>, kind: Kind, place: Place): Item {
  if (typeof definition !== 'object' || definition === null)
    return brokenItem(`a definition is an object, not ${describeValue(definition)}`, place);
  if (definition instanceof Listed) {
    return brokenItem(`${definition.name} is a list item already: list it as it is`, place);
  }
  const problems: string[] = [];
  const outputs = outputsOf(definition.provides, problems);
  const { create } = definition;
  let inputs: readonly Input[] = inputsOf(definition.requires, problems);
  let construct = create as (needs: never) => unknown;
  if (typeof create !== 'function') problems.push(`create must be a function or a class, not ${describeValue(create)}`);
  else if (isClass(create)) {
    if (definition.requires !== undefined) problems.push('a class says what it requires in its own decorators, not in "requires"');
    ({ inputs, construct } = classInputs(create, problems));
  }
  if (definition.name === undefined && outputs.length === 0) problems.push('a component that provides nothing needs a name');
  return new Item({ kind, name: definition.name, place, outputs, inputs, create: construct, definition, problems });
}

function brokenItem(problem: string, place: Place): Item {
  return new Item({
    kind: 'provide',
    name: undefined,
    place,
    outputs: [],
    inputs: [],
    create: () => undefined,
    definition: {},
    problems: [problem],
  });
}

type Hooks = Pick<Definition<Provisions, Requirements>, 'start' | 'stop'>;

function constant(
  kind: 'supply' | 'replace',
  given: { readonly of: Token | Many; readonly value: unknown; readonly hooks: Hooks },
  place: Place,
): Item {
  const { of, value, hooks } = given;
  if (value === null || value === undefined) throw new TypeError(`${kind}: the value is ${String(value)}`);
  if (value instanceof Error) throw new TypeError(`${kind}: the value is an Error: ${value.message}`);
  const problems: string[] = [];
  const outputs = outputsOf(of, problems);
  return new Item({ kind, name: undefined, place, outputs, inputs: [], create: () => value, definition: hooks, problems });
}

function outputsOf(provides: Provisions | undefined, problems: string[]): readonly Output[] {
  if (provides === undefined) return none;
  if (isToken(provides) || provides instanceof Many) return outputOf(provides, undefined, problems);
  if (typeof provides !== 'object' || provides === null) return outputOf(provides, undefined, problems);
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

function inputsOf(requires: Requirements | undefined, problems: string[]): readonly Input[] {
  return requires === undefined ? none : Object.keys(requires).map((property) => inputOf(property, requires[property], problems));
}

function inputOf(property: string, requirement: Requirement | undefined, problems: string[]): Input {
  if (isToken(requirement)) return { property, token: requirement, form: 'one', soft: false };
  if (requirement instanceof Many && isToken(requirement.token)) return groupInput(property, requirement, problems);
  if (requirement instanceof Optional && isToken(requirement.token))
    return { property, token: requirement.token, form: 'optional', soft: false };
  problems.push(`"requires.${property}" must be a token, optional(token) or many(token), not ${describeValue(requirement)}`);
  return { property, token: unknown, form: 'optional', soft: false };
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
