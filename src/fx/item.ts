import type { Definition, List, Provisions, Requirements } from './component.ts';
import type { Condition } from './condition.ts';
import { describeValue } from './errors.ts';
import type { Place } from './place.ts';
import { Formed, isToken, type Token } from './token.ts';

const suffixes = { provide: '', supply: '', invoke: '', decorate: ' decorator', replace: ' replacement' };
type Kind = keyof typeof suffixes;
/** A definition whose types have done their work. */
type AnyDefinition = Definition<Provisions, Requirements, never>;

/** What can be built, as it was written: it is read when a list that holds it is planned. */
export class Item {
  declare readonly kind: Kind;
  declare readonly definition: AnyDefinition;
  declare readonly place: Place;
  declare readonly name: string;
  /** What is wrong with it as a whole, if something is. */
  problem: string | undefined = undefined;

  constructor(kind: Kind, definition: AnyDefinition, place: Place) {
    this.kind = kind;
    this.definition = definition;
    this.place = place;
    this.name = definition.name ?? `${firstOf(definition.provides)?.key ?? 'unnamed'}${suffixes[kind]}`;
  }

  get when(): Condition | undefined {
    return this.definition.when;
  }
}

/** A named list with private components; a scope for decorators and loggers. */
export class ModuleItem {
  declare readonly name: string;
  declare readonly place: Place;
  declare readonly list: List;
  declare readonly private: List;
  declare readonly when: Condition | undefined;

  constructor(written: Pick<ModuleItem, 'name' | 'place' | 'list' | 'private' | 'when'>) {
    Object.assign(this, written);
  }
}

/** Takes the place of every component that provides the same token. */
export class Replacement {
  readonly by: Item;
  readonly name: string;
  readonly place: Place;

  constructor(by: Item, place: Place) {
    this.by = by;
    this.name = by.name;
    this.place = place;
  }
}

export function itemOf(kind: Kind, written: unknown, place: Place): Item {
  if (typeof written !== 'object' || written === null) return brokenItem(`a definition is an object, not ${describeValue(written)}`, place);
  if (written instanceof Item || written instanceof ModuleItem || written instanceof Replacement)
    return brokenItem(`${written.name} is a list item already: list it as it is`, place);
  return new Item(kind, written as AnyDefinition, place);
}

export function brokenItem(problem: string, place: Place): Item {
  const item = new Item('provide', { name: 'unnamed', create: () => undefined as never }, place);
  item.problem = problem;
  return item;
}

function firstOf(provides: unknown): Token | undefined {
  const [first] = isToken(provides) || provides instanceof Formed ? [provides] : Object.values(provides ?? {});
  const of: unknown = first instanceof Formed ? first.token : first;
  return isToken(of) ? of : undefined;
}
