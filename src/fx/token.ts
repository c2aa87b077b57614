import { Place } from './place.ts';

/**
 * The identity of a capability: an interface and its token share one exported name.
 *
 * ```ts
 * export interface Log { info(message: string): void }
 * export const Log = token<Log>()('log');
 * ```
 *
 * The type is an abstract constructor so that inversify takes a token as a typed service identifier:
 * `@inject(Log)` on a parameter, `(await app.container()).get(Log)` for a value of type `Log`.
 */
export type Token<Key extends string = string, T = unknown> = (abstract new () => T) & { readonly key: Key };

const madeAt = Symbol('made at');

/**
 * Makes a token; called twice so that the value's type is given and the literal key is inferred.
 *
 * Two tokens are the same only if they are the same object: a second one with an equal key is another capability,
 * and a list that uses both is refused (`FX_TOKEN_CLASH`).
 */
export function token<T>(): <const Key extends string>(key: Key) => Token<Key, T> {
  return function make<const Key extends string>(key: Key): Token<Key, T> {
    const identity = (): never => {
      throw new TypeError(`token "${key}" is a name for a value, it cannot be called`);
    };
    Object.defineProperty(identity, 'name', { value: key });
    identity.key = key;
    identity[madeAt] = new Place(make);
    return identity as unknown as Token<Key, T>;
  };
}

/** Where a token was made: beside it live its implementations and its fake. */
export const placeOf = (of: Token): Place => (of as unknown as { readonly [madeAt]: Place })[madeAt];

export const isToken = (value: unknown): value is Token => typeof value === 'function' && madeAt in value;

/** How a component takes part in a value group, or takes its values. */
export interface GroupOptions {
  /** Contributing: the key of this value for consumers that ask for a map. Default: the component's name. */
  readonly name?: string;
  /** Contributing: the value is a list, and each element becomes a member. */
  readonly flatten?: boolean;
  /** Consuming: `'list'` (default), or `'map'` for a `ReadonlyMap` from name to value. */
  readonly as?: 'list' | 'map';
  /** Consuming: only members that are built anyway; asking for the group builds nobody. */
  readonly soft?: boolean;
}

/** A token that is taken, or contributed to, in another form than as it is. */
export class Formed<out Form extends string = string, out Of extends Token = Token, out Options extends GroupOptions = GroupOptions> {
  declare readonly form: Form;
  declare readonly token: Of;
  declare readonly options: Options;

  constructor(form: Form, of: Of, options: Options) {
    Object.assign(this, { form, token: of, options });
  }
}

/** The token that is meant, in whatever form; `undefined` where none is written. */
export const tokenIn = (written: unknown): Token | undefined =>
  [written, written instanceof Formed ? written.token : undefined].find(isToken);

/** A requirement that may be absent; made by {@link optional}. */
export type Optional<Of extends Token = Token> = Formed<'optional', Of>;
/** A value group: contributed to in `provides`, consumed in `requires`; made by {@link many}. */
export type Many<Of extends Token = Token, Options extends GroupOptions = GroupOptions> = Formed<'group', Of, Options>;

/**
 * Requires a capability if the list has it: the value, or `undefined` when nothing provides it, when its provider is off
 * by its condition, or when the provider was allowed to fail and did. A provider that is listed but cannot be built is an
 * error all the same.
 */
export const optional = <Of extends Token>(of: Of): Optional<Of> => new Formed('optional', of, {});

/**
 * A value group. In `provides`, contributes one member; in `requires`, all members in list order (an empty list when there
 * are none). A group and a single value of the same token have nothing to do with each other.
 */
export function many<Of extends Token, const Options extends GroupOptions>(of: Of, options?: Options): Many<Of, Options> {
  return new Formed('group', of, options ?? ({} as Options));
}
