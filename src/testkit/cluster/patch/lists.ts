import { type Json, type JsonObject, isObject } from '../json.ts';
import { resolve } from '../schema/definitions.ts';
import { fieldOf } from '../schema/prune.ts';
import type { Schema } from '../schema/schema.ts';

/** How the items of a list keep their identity in a structured merge. */
export type ListKind = { readonly type: 'atomic' } | { readonly type: 'set' } | { readonly type: 'map'; readonly keys: readonly string[] };

/** The kind of the list that `schema` describes: by its list type, or by the merge key of the built-in types. */
export function listKind(schema: Schema): ListKind {
  const keys = schema['x-kubernetes-list-map-keys'];
  const type = schema['x-kubernetes-list-type'];
  if (type === 'map' && keys !== undefined) return { type: 'map', keys };
  if (type === 'set') return { type: 'set' };
  const merges = schema['x-kubernetes-patch-strategy']?.split(',').includes('merge') ?? false;
  if (type === 'atomic' || !merges) return { type: 'atomic' };
  const mergeKey = schema['x-kubernetes-patch-merge-key'];
  return mergeKey === undefined ? { type: 'set' } : { type: 'map', keys: [mergeKey] };
}

/** Keys that may be left out of a list item, because the API fills them in. */
const KEY_DEFAULTS: Readonly<Record<string, string>> = { protocol: 'TCP' };

/** The identity of a list item, as text: equal for two items that are the same one in two versions of the list. */
export function itemIdentity(item: Json, kind: ListKind): string {
  if (kind.type !== 'map') return `v:${JSON.stringify(item)}`;
  const fields: JsonObject = {};
  for (const key of kind.keys.toSorted()) {
    const value = isObject(item) ? (item[key] ?? KEY_DEFAULTS[key]) : undefined;
    if (value !== undefined) fields[key] = value;
  }
  return `k:${JSON.stringify(fields)}`;
}

/** The schema of the field `key`, with the schema's own annotations kept where it points elsewhere. */
export function fieldSchema(schema: Schema, key: string): Schema {
  return fieldOf(resolve(schema), key) ?? {};
}

/** The schema of a list's items. */
export function itemSchema(schema: Schema): Schema {
  return resolve(schema).items ?? {};
}

/** Whether the object that `schema` describes is owned and replaced as a whole. */
export function isAtomicMap(schema: Schema): boolean {
  return schema['x-kubernetes-map-type'] === 'atomic' || resolve(schema)['x-kubernetes-map-type'] === 'atomic';
}
