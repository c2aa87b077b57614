import { type Json, type JsonObject, equal, isObject } from '../json.ts';
import { resolve } from '../schema/definitions.ts';
import type { Schema } from '../schema/schema.ts';
import { fieldSchema, isAtomicMap, itemIdentity, itemSchema, listKind } from './lists.ts';

/**
 * A set of paths into an object. A path is its elements, each as FieldsV1 spells it (`f:spec`, `k:{"name":"x"}`, `v:"a"`), joined by `SEPARATOR`.
 */
export type FieldSet = ReadonlySet<string>;

const SEPARATOR = '\n';
const SELF = '.';

/** Reads the `fieldsV1` of a managedFields entry. */
export function parseFields(tree: JsonObject): FieldSet {
  const found = new Set<string>();
  collect(tree, '', found);
  return found;
}

function collect(tree: JsonObject, prefix: string, found: Set<string>): void {
  for (const [key, inner] of Object.entries(tree)) {
    if (!isObject(inner)) continue;
    if (key === SELF) {
      found.add(prefix);
      continue;
    }
    const path = join(prefix, key);
    if (Object.keys(inner).length === 0) found.add(path);
    else collect(inner, path, found);
  }
}

/** Writes a set as `fieldsV1`. */
export function formatFields(fields: FieldSet): JsonObject {
  const root: JsonObject = {};
  const sorted = [...fields].toSorted();
  const parents = new Set(sorted.flatMap(ancestors));
  for (const path of sorted) {
    let tree = root;
    for (const step of path.split(SEPARATOR)) {
      const next = tree[step];
      const made: JsonObject = isObject(next) ? next : {};
      tree[step] = made;
      tree = made;
    }
    if (parents.has(path)) tree[SELF] = {};
  }
  return root;
}

function ancestors(path: string): string[] {
  const steps = path.split(SEPARATOR);
  return steps.slice(1).map((_, index) => steps.slice(0, index + 1).join(SEPARATOR));
}

/** The elements of a path. */
export function elementsOf(path: string): string[] {
  return path.split(SEPARATOR);
}

function elementText(element: string): string {
  const value = element.slice(2);
  if (element.startsWith('f:')) return `.${value}`;
  if (element.startsWith('v:')) return `[=${value}]`;
  const keys: Json = JSON.parse(value);
  return isObject(keys)
    ? `[${Object.entries(keys)
        .map(([key, item]) => `${key}=${JSON.stringify(item)}`)
        .join(',')}]`
    : `[${value}]`;
}

/** A path as error messages show it: `.spec.containers[name="x"].image`. */
export function pathText(path: string): string {
  return elementsOf(path).map(elementText).join('');
}

function join(prefix: string, element: string): string {
  return prefix === '' ? element : prefix + SEPARATOR + element;
}

/** Every field that `value` sets, down to its leaves. */
export function fieldsOf(value: JsonObject, schema: Schema): FieldSet {
  const found = new Set<string>();
  collectFields({ value, schema, path: '' }, found);
  return withoutIdentity(found);
}

interface Node {
  readonly value: Json;
  readonly schema: Schema;
  readonly path: string;
}

function collectFields({ value, schema, path }: Node, found: Set<string>): void {
  const inner = childrenOf(value, schema);
  if (inner === undefined || inner.size === 0) {
    if (path !== '') found.add(path);
    return;
  }
  if (Array.isArray(value)) for (const element of inner.keys()) found.add(join(path, element));
  for (const [element, child] of inner) collectFields({ ...child, path: join(path, element) }, found);
}

type Children = ReadonlyMap<string, { readonly value: Json; readonly schema: Schema }>;

/** The parts of a value that are owned one by one; undefined where it is owned as a whole. */
function childrenOf(value: Json, schema: Schema): Children | undefined {
  if (isObject(value)) {
    if (isAtomicMap(schema)) return undefined;
    return new Map(Object.entries(value).map(([key, item]) => [`f:${key}`, { value: item, schema: fieldSchema(schema, key) }]));
  }
  if (!Array.isArray(value)) return undefined;
  const kind = listKind(schema.$ref === undefined ? schema : { ...resolve(schema), ...schema });
  if (kind.type === 'atomic') return undefined;
  const items = itemSchema(schema);
  return new Map(value.map((item) => [itemIdentity(item, kind), { value: item, schema: items }]));
}

/** What a write did: the fields that it set to something new, and those that it took away. */
export interface Difference {
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

/** Compares two versions of an object, field by field. */
export function difference(before: JsonObject, after: JsonObject, schema: Schema): Difference {
  const changed = new Set<string>();
  const removed = new Set<string>();
  compare({ before, after, schema, path: '' }, { changed, removed });
  return { changed: withoutIdentity(changed), removed: withoutIdentity(removed) };
}

interface Pair {
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  readonly schema: Schema;
  readonly path: string;
}

function compare(pair: Pair, found: { changed: Set<string>; removed: Set<string> }): void {
  const { before, after, path } = pair;
  if (equal(before, after)) return;
  const left = partsOf(before, pair.schema);
  const right = partsOf(after, pair.schema);
  if (after === undefined) found.removed.add(path);
  else if (left === undefined || right === undefined || (before === undefined && isMember(path))) found.changed.add(path);
  if (left === undefined) return;
  const elements = new Set([...left.keys(), ...(right ?? left).keys()]);
  for (const element of elements) compare(innerPair(path, element, [left.get(element), right?.get(element)]), found);
}

type Part = { readonly value: Json; readonly schema: Schema } | undefined;

function innerPair(path: string, element: string, [before, after]: readonly [Part, Part]): Pair {
  const schema = (before ?? after)?.schema ?? {};
  return { before: before?.value, after: after?.value, schema, path: join(path, element) };
}

function partsOf(value: Json | undefined, schema: Schema): Children | undefined {
  return value === undefined ? NOTHING : childrenOf(value, schema);
}

const NOTHING: Children = new Map();

/** The structures that every object has are nobody's. */
function isMember(path: string): boolean {
  return path !== '' && !['f:metadata', 'f:spec', 'f:status'].includes(path);
}

/** What the API itself writes is owned by nobody. */
const IDENTITY = [
  'apiVersion',
  'kind',
  'metadata',
  'metadata.name',
  'metadata.namespace',
  'metadata.creationTimestamp',
  'metadata.selfLink',
]
  .concat(['metadata.uid', 'metadata.generation', 'metadata.managedFields', 'metadata.resourceVersion', 'metadata.deletionTimestamp'])
  .concat(['metadata.deletionGracePeriodSeconds', 'metadata.generateName'])
  .map((path) =>
    path
      .split('.')
      .map((step) => `f:${step}`)
      .join(SEPARATOR),
  );

function withoutIdentity(fields: Set<string>): FieldSet {
  for (const path of IDENTITY) fields.delete(path);
  for (const path of fields) if (path.startsWith(`f:metadata${SEPARATOR}f:managedFields`)) fields.delete(path);
  return fields;
}

/** The paths of `left` and `right`. */
export function union(left: FieldSet, right: FieldSet): FieldSet {
  return new Set([...left, ...right]);
}

/** The paths of `left` that are not in `right`. */
export function minus(left: FieldSet, right: FieldSet): FieldSet {
  return new Set([...left].filter((path) => !right.has(path)));
}

/** The paths in both. */
export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  return new Set([...left].filter((path) => right.has(path)));
}
