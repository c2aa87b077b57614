import type { Condition } from './condition.ts';
import type { HookContext } from './lifecycle.ts';
import { Entry } from './item.ts';
import { Place } from './place.ts';
import { Formed, isToken, type Many, type Optional, type Token } from './token.ts';

export type Provisions = Token | Many | Readonly<Record<string, Token | Many>>;
export type Requirement = Token | Optional | Many;
export type Requirements = Readonly<Record<string, Requirement>>;

/** What a group is to those who take it, contribute to it, or decorate it as a whole. */
interface Group<T, Options> {
  readonly required: Options extends { readonly as: 'map' } ? ReadonlyMap<string, T> : readonly T[];
  readonly provided: Options extends { readonly flatten: true } ? readonly T[] : T;
  readonly decorated: readonly T[] | ReadonlyMap<string, T>;
}

/** The value of what stands in a definition, or the record of the values of a record; anything where nothing stands. */
type ValueOf<Of, Role extends keyof Group<unknown, unknown>> =
  Of extends Token<string, infer T>
    ? T
    : Of extends Optional<Token<string, infer T>>
      ? T | undefined
      : Of extends Many<Token<string, infer T>, infer Options>
        ? Group<T, Options>[Role]
        : Of extends Readonly<Record<string, Requirement>>
          ? { readonly [Name in keyof Of]: ValueOf<Of[Name], Role> }
          : unknown;

/** The values that a record of requirements stands for. */
export type Needs<R extends Requirements> = { readonly [Name in keyof R]: ValueOf<R[Name], 'required'> };

/** The keys of plain tokens, alone or in a record: groups are never missing, and optional ones may be. */
export type KeysOf<Of> =
  Of extends Token<infer Key>
    ? Key
    : Of extends Readonly<Record<string, Requirement>>
      ? { [Name in keyof Of]-?: KeysOf<Of[Name]> }[keyof Of]
      : never;

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

/** Deadlines of one component in milliseconds, also for each of its start and stop hooks; where absent, those of the app apply. */
export type Timeouts = { readonly create?: number; readonly start?: number; readonly stop?: number };

export interface Definition<P, R extends Requirements, Value = ValueOf<P, 'provided'>> {
  /** Its name in reports and errors. Default: the key of the first token that it provides. */
  readonly name?: string;
  /** One token, `many(token)`, or a record of them when one constructor yields several values. */
  readonly provides?: P;
  readonly requires?: R;
  /**
   * Makes the value from its requirements; may be asynchronous, or an inversify `@injectable()` class, whose requirements
   * stand in its own decorators. Constructing is silent: no socket, timer or request before start.
   */
  readonly create: ((needs: Needs<R>) => Value | Promise<Value>) | (new (...args: never[]) => Value);
  readonly timeouts?: Timeouts;
  /** A start hook that gets the value; it runs after those that `create` appended. */
  readonly start?: (value: Awaited<Value>, context: HookContext) => unknown;
  /** The stop hook that belongs to it. */
  readonly stop?: (value: Awaited<Value>, context: HookContext) => unknown;
  /** Listed only where these settings say so; decided before anything is constructed. */
  readonly when?: Condition;
  /**
   * `'abort'` (default): its failure fails the start. `'continue'`: its failure degrades the app, whatever requires it is
   * skipped, and the report says so.
   */
  readonly onFailure?: 'abort' | 'continue';
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
  V extends ValueOf<P, 'provided'> = ValueOf<P, 'provided'>,
>(definition: Definition<P, R, V>): Component<KeysOf<P>, KeysOf<R>> {
  return new Entry('provide', definition, new Place(component));
}

/**
 * Wraps or replaces values inside the module that lists it (the whole app at top level). One that requires a token which
 * it also provides gets the value to be decorated; otherwise the original is never built. A group is decorated as a whole:
 * `provides: many(T)` owes the new list.
 */
export function decorate<const P extends Provisions, const R extends Requirements = Record<never, never>>(
  definition: Omit<Definition<P, R, ValueOf<P, 'decorated'>>, 'when' | 'onFailure'>,
): Component<never, KeysOf<P | R>> {
  return new Entry('decorate', definition, new Place(decorate));
}

/**
 * Provides a ready value, optionally with the hooks that belong to it.
 *
 * @throws TypeError when the value is null, undefined or an Error: a constructor may yield such, a supplied one is a mistake
 */
export function supply<Key extends string, T>(
  of: Token<Key, T> | Many<Token<Key, T>>,
  value: NoInfer<T>,
  hooks: Pick<Definition<unknown, Requirements, NoInfer<T>>, 'start' | 'stop'> = {},
): Component<Key, never> {
  return new Entry('supply', { ...hooks, provides: of, create: constant('supply', value) }, new Place(supply));
}

/** Runs `call` with its requirements while the app is built, in list order; what it returns is dropped. */
export function invoke<const R extends Requirements>(requires: R, call: (needs: Needs<R>) => unknown): Component<never, KeysOf<R>> {
  const name = typeof call === 'function' && call.name !== '' ? call.name : 'invoke';
  return new Entry('invoke', { name, requires, create: call }, new Place(invoke));
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
  if (isToken(of) || of instanceof Formed) return new Entry('replace', { provides: of, create: constant('replace', value) }, place);
  return new Entry('replacement', { by: of }, place);
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
  return new Entry('module', { name, list, private: options.private ?? [], when: options.when }, new Place(module));
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

function constant(kind: string, value: unknown): () => unknown {
  if (value === null || value === undefined || value instanceof Error) throw new TypeError(`${kind}: the value is ${String(value)}`);
  return () => value;
}
