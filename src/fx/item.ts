import { isClass, readClass } from './classes.ts';
import type { Definition, List, Provision, Provisions, Requirement, Requirements } from './component.ts';
import type { Condition } from './condition.ts';
import { describeValue } from './errors.ts';
import type { HookContext } from './lifecycle.ts';
import type { Place } from './place.ts';
import { isToken, Many, Optional, token, type GroupOptions, type Token } from './token.ts';

type Kind = 'provide' | 'supply' | 'invoke' | 'decorate' | 'replace';
/** A definition whose types have done their work. */
type AnyDefinition = Definition<Provisions, Requirements, never>;
type Values = Readonly<Record<string, unknown>>;
type ItemHook = ((value: unknown, context: HookContext) => unknown) | undefined;

/** One value that a constructor yields. */
export interface Output {
  readonly token: Token;
  readonly group: GroupOptions | undefined;
  /** Under which name in the returned record; `undefined` when the returned value is it. */
  readonly property: string | undefined;
}

/** One value that a constructor needs. */
export interface Input {
  readonly property: string;
  readonly token: Token;
  readonly form: 'one' | 'optional' | 'list' | 'map';
  readonly soft: boolean;
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
  readonly outputs: readonly Output[];
  readonly inputs: readonly Input[];
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

export function isListed(value: unknown): value is Listed {
  return typeof value === 'object' && value !== null && madeHere in value;
}

export function isItem(value: unknown): value is Item {
  return isListed(value) && value.kind !== 'module' && value.kind !== 'replacement';
}

export function listed<L extends ModuleItem | Replacement>(made: L): L {
  return { ...made, [madeHere]: true };
}

export function itemOf(kind: Kind, definition: unknown, place: Place): Item {
  if (typeof definition !== 'object' || definition === null)
    return brokenItem(`a definition is an object, not ${describeValue(definition)}`, place);
  if (isListed(definition)) return brokenItem(`${definition.name} is a list item already: list it as it is`, place);
  const { name, provides, requires, create, start, stop, timeouts, when, onFailure } = definition as AnyDefinition;
  const problems: string[] = [];
  const outputs = outputsOf(provides, problems);
  const inputs = inputsOf(requires, problems);
  const made = typeof create === 'function' && isClass(create) ? readClass(create, requires !== undefined, problems) : { inputs, create };
  const called = name ?? nameOf(kind, outputs, problems);
  if (typeof create !== 'function') problems.push(`create must be a function or a class, not ${describeValue(create)}`);
  for (const hook of [start, stop])
    if (hook !== undefined && typeof hook !== 'function')
      problems.push(`${hook === start ? 'start' : 'stop'} must be a function, not ${describeValue(hook)}`);
  const mayFail = onFailure === 'continue';
  return { [madeHere]: true, kind, name: called, place, problems, outputs, ...made, start, stop, timeouts, when, mayFail } as Item;
}

export function brokenItem(problem: string, place: Place): Item {
  return { ...itemOf('provide', { name: 'unnamed', create: () => undefined }, place), problems: [problem] };
}

const suffixes = { provide: '', supply: '', invoke: '', decorate: ' decorator', replace: ' replacement' };

function nameOf(kind: Kind, [output]: readonly Output[], problems: string[]): string {
  if (output === undefined && (kind === 'provide' || kind === 'decorate')) problems.push('a component that provides nothing needs a name');
  return `${output?.token.key ?? 'unnamed'}${suffixes[kind]}`;
}

function outputsOf(provides: Provisions | undefined, problems: string[]): readonly Output[] {
  if (provides === undefined) return none;
  if (isToken(provides)) return [{ token: provides, group: undefined, property: undefined }];
  if (typeof provides !== 'object' || provides === null || provides instanceof Many) return outputOf(provides, undefined, problems);
  const entries = Object.entries(provides);
  if (entries.length === 0) problems.push('"provides" is empty');
  return entries.flatMap(([property, provision]) => outputOf(provision, property, problems));
}

function outputOf(provision: Provision, property: string | undefined, problems: string[]): Output[] {
  if (isToken(provision)) return [{ token: provision, group: undefined, property }];
  const where = property === undefined ? '"provides"' : `"provides.${property}"`;
  if (provision instanceof Many && isToken(provision.token)) {
    const { token: of, options } = provision;
    for (const key of ['soft', 'as'] as const)
      if ((options[key] ?? false) !== false) problems.push(`${where}: "${key}" is for consuming a group, not for contributing to it`);
    return [{ token: of, group: options, property }];
  }
  problems.push(`${where} must be a token or many(token), not ${describeValue(provision)}`);
  return [];
}

function inputsOf(requires: Requirements | undefined, problems: string[]): readonly Input[] {
  return requires === undefined ? none : Object.keys(requires).map((property) => inputOf(property, requires[property], problems));
}

function inputOf(property: string, requirement: Requirement | undefined, problems: string[]): Input {
  if (isToken(requirement)) return { property, token: requirement, form: 'one', soft: false };
  const of = requirement instanceof Optional || requirement instanceof Many ? requirement.token : undefined;
  if (!isToken(of)) {
    problems.push(`"requires.${property}" must be a token, optional(token) or many(token), not ${describeValue(requirement)}`);
    return { property, token: unknown, form: 'optional', soft: false };
  }
  if (!(requirement instanceof Many)) return { property, token: of, form: 'optional', soft: false };
  const { options } = requirement;
  for (const key of ['flatten', 'name'] as const)
    if (options[key] !== undefined) problems.push(`"requires.${property}": "${key}" is for contributing to a group, not for consuming it`);
  const { as: form = 'list', soft = false } = options;
  if (form !== 'list' && form !== 'map') problems.push(`"requires.${property}": "as" is 'list' or 'map', not ${describeValue(form)}`);
  return { property, token: of, form, soft };
}

/** Stands in for what is not a token, so that the rest of a broken definition can be checked. */
const unknown = token()('fx.unknown');
const none: readonly never[] = [];
