import { isClass, readClass } from './classes.ts';
import type { Definition, List, Provisions, Requirements } from './component.ts';
import type { Condition } from './condition.ts';
import { describeValue } from './errors.ts';
import type { HookContext } from './lifecycle.ts';
import type { Place } from './place.ts';
import { Formed, isToken, token, type GroupOptions, type Token } from './token.ts';

type Kind = 'provide' | 'supply' | 'invoke' | 'decorate' | 'replace';
/** A definition whose types have done their work. */
type AnyDefinition = Definition<Provisions, Requirements, never>;
type Values = Readonly<Record<string, unknown>>;
type ItemHook = ((value: unknown, context: HookContext) => unknown) | undefined;

/** One value that a constructor yields, or needs. */
export interface Port {
  /** Under which name in the record; `undefined` when the value that is yielded is no record but itself it. */
  readonly property: string | undefined;
  readonly token: Token;
  readonly form: 'one' | 'optional' | 'group';
  readonly options: GroupOptions;
}

interface Written {
  readonly name: string;
  readonly place: Place;
}

/** What the planner sees of everything that can be built. */
export interface Item extends Written, Pick<AnyDefinition, 'timeouts' | 'when'> {
  readonly kind: Kind;
  /** What is wrong with the definition itself; reported with everything else, once the list is planned. */
  readonly problems: readonly string[];
  readonly outputs: readonly Port[];
  readonly inputs: readonly Port[];
  readonly create: (needs: Values) => unknown;
  readonly start: ItemHook;
  readonly stop: ItemHook;
  readonly ready?: undefined;
  readonly drain?: undefined;
  readonly mayFail: boolean;
}

/** A named list with private components; a scope for decorators and loggers. */
export interface ModuleItem extends Written {
  readonly kind: 'module';
  readonly list: List;
  readonly private: List;
  readonly when: Condition | undefined;
}

/** Takes the place of every component that provides the same token. */
export interface Replacement extends Written {
  readonly kind: 'replacement';
  readonly by: Item;
}

type Listed = Item | ModuleItem | Replacement;
/** On whatever this copy of the framework has made for lists. */
const madeHere = Symbol('made here');

export const isListed = (value: unknown): value is Listed => typeof value === 'object' && value !== null && madeHere in value;

export const isItem = (value: unknown): value is Item => isListed(value) && value.kind !== 'module' && value.kind !== 'replacement';

export const listed = <L extends ModuleItem | Replacement>(made: L): L => ({ ...made, [madeHere]: true });

export function itemOf(kind: Kind, definition: unknown, place: Place): Item {
  if (typeof definition !== 'object' || definition === null)
    return brokenItem(`a definition is an object, not ${describeValue(definition)}`, place);
  if (isListed(definition)) return brokenItem(`${definition.name} is a list item already: list it as it is`, place);
  const { name, provides, requires, create, start, stop, timeouts, when, onFailure } = definition as AnyDefinition;
  const problems: string[] = [];
  const outputs = outputsOf(provides, problems);
  const inputs = inputsOf(requires, problems);
  const made = typeof create === 'function' && isClass(create) ? readClass(create, requires !== undefined, problems) : undefined;
  const called = name ?? nameOf(kind, outputs, problems);
  if (typeof create !== 'function') problems.push(`create must be a function or a class, not ${describeValue(create)}`);
  checkHook('start', start, problems);
  checkHook('stop', stop, problems);
  return {
    kind,
    name: called,
    place,
    problems,
    outputs,
    inputs: made?.inputs ?? inputs,
    create: made?.create ?? create,
    start,
    stop,
    timeouts,
    when,
    mayFail: onFailure === 'continue',
    [madeHere]: true,
  } as Item;
}

export function brokenItem(problem: string, place: Place): Item {
  return { ...itemOf('provide', { name: 'unnamed', create: () => undefined }, place), problems: [problem] };
}

function checkHook(name: string, hook: unknown, problems: string[]): void {
  if (hook !== undefined && typeof hook !== 'function') problems.push(`${name} must be a function, not ${describeValue(hook)}`);
}

const suffixes = { provide: '', supply: '', invoke: '', decorate: ' decorator', replace: ' replacement' };

function nameOf(kind: Kind, [output]: readonly Port[], problems: string[]): string {
  if (output === undefined && (kind === 'provide' || kind === 'decorate')) problems.push('a component that provides nothing needs a name');
  return `${output?.token.key ?? 'unnamed'}${suffixes[kind]}`;
}

function outputsOf(provides: Provisions | undefined, problems: string[]): readonly Port[] {
  if (provides === undefined) return none;
  const side = { of: 'provides', problems } as const;
  if (typeof provides !== 'object' || provides === null || provides instanceof Formed) return [portOf(undefined, provides, side)];
  const properties = Object.keys(provides);
  if (properties.length === 0) problems.push('"provides" is empty');
  return properties.map((property) => portOf(property, provides[property], side));
}

function inputsOf(requires: Requirements | undefined, problems: string[]): readonly Port[] {
  if (requires === undefined) return none;
  const side = { of: 'requires', problems } as const;
  const inputs: Port[] = [];
  for (const property in requires) inputs.push(portOf(property, requires[property], side));
  return inputs;
}

/** What may stand on each side, and the options of a group that belong to the other. */
const sides = {
  provides: {
    takes: 'a token or many(token)',
    forms: ['group'],
    alien: ['soft', 'as'],
    why: 'consuming a group, not for contributing to it',
  },
  requires: {
    takes: 'a token, optional(token) or many(token)',
    forms: ['optional', 'group'],
    alien: ['flatten', 'name'],
    why: 'contributing to a group, not for consuming it',
  },
} as const;
const plain: GroupOptions = {};

interface Side {
  readonly of: keyof typeof sides;
  readonly problems: string[];
}

function portOf(property: string | undefined, written: unknown, { of, problems }: Side): Port {
  if (isToken(written)) return { property, token: written, form: 'one', options: plain };
  const { takes, forms, alien, why } = sides[of];
  const where = property === undefined ? `"${of}"` : `"${of}.${property}"`;
  const form = written instanceof Formed && isToken(written.token) ? forms.find((each) => each === written.form) : undefined;
  if (form === undefined || !(written instanceof Formed)) {
    problems.push(`${where} must be ${takes}, not ${describeValue(written)}`);
    return { property, token: unknown, form: 'optional', options: plain };
  }
  const { token: given, options } = written;
  for (const key of alien) if ((options[key] ?? false) !== false) problems.push(`${where}: "${key}" is for ${why}`);
  if (![undefined, 'list', 'map'].includes(options.as))
    problems.push(`${where}: "as" is 'list' or 'map', not ${describeValue(options.as)}`);
  return { property, token: given, form, options };
}

/** Stands in for what is not a token, so that the rest of a broken definition can be checked. */
const unknown = token()('fx.unknown');
const none: readonly never[] = [];
