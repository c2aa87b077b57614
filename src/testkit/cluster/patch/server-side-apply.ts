import { type Json, type JsonObject, type KubeObject, clone, isObject } from '../json.ts';
import { resolve } from '../schema/definitions.ts';
import type { Schema } from '../schema/schema.ts';
import { StatusError } from '../status.ts';
import { type FieldSet, difference, elementsOf, fieldsOf, intersection, minus, pathText } from './field-set.ts';
import { fieldSchema, isAtomicMap, itemIdentity, itemSchema, listKind } from './lists.ts';
import { type Manager, type Ownership, readOwnership, sameManager } from './managed-fields.ts';

/** A server-side apply. */
export interface Apply {
  readonly live: KubeObject;
  readonly applied: KubeObject;
  readonly schema: Schema;
  readonly manager: Manager;
  /** Take over the fields of other managers instead of refusing. */
  readonly force: boolean;
  readonly time: string;
}

/** The object after the apply, and who owns what of it. */
export interface Applied {
  readonly object: KubeObject;
  readonly owners: readonly Ownership[];
}

/** Merges what the manager applies into the live object. Throws 409 where another manager owns a field that it would change. */
export function serverSideApply(apply: Apply): Applied {
  const { live, applied, schema, manager } = apply;
  const merged = mergeApplied(live, applied, schema);
  const { changed } = difference(live, merged, schema);
  const owners = readOwnership(live);
  const own = owners.find((owner) => sameManager(owner.manager, manager));
  const others = owners.filter((owner) => owner !== own);
  const conflicts = others.map((owner) => ({ owner, fields: intersection(owner.fields, changed) })).filter(({ fields }) => fields.size > 0);
  if (conflicts.length > 0 && !apply.force) throw conflictError(conflicts);
  const fields = fieldsOf(withoutManagedFields(applied), schema);
  const keptOthers = others.map((owner) => ({ ...owner, fields: minus(owner.fields, changed) }));
  const ownedByOthers = new Set(keptOthers.flatMap((owner) => [...owner.fields]));
  const dropped = minus(minus(own?.fields ?? new Set(), fields), ownedByOthers);
  removeFields(merged, dropped, schema);
  const unchanged = own !== undefined && own.fields.size === fields.size && minus(fields, own.fields).size === 0;
  return { object: merged, owners: [...keptOthers, { manager, fields, time: unchanged ? own.time : apply.time }] };
}

function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _dropped, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function conflictError(conflicts: readonly { owner: Ownership; fields: FieldSet }[]): StatusError {
  const causes = conflicts.flatMap(({ owner, fields }) =>
    [...fields]
      .toSorted()
      .map((path) => ({ reason: 'FieldManagerConflict', message: `conflict with ${managerText(owner.manager)}`, field: pathText(path) })),
  );
  const [first] = causes;
  const message =
    causes.length === 1 && first !== undefined
      ? `Apply failed with 1 conflict: ${first.message}: ${first.field}`
      : `Apply failed with ${causes.length} conflicts: ${listing(conflicts)}`;
  return new StatusError({ code: 409, reason: 'Conflict', message, details: { causes } });
}

function listing(conflicts: readonly { owner: Ownership; fields: FieldSet }[]): string {
  return conflicts
    .map(({ owner, fields }) => {
      const lines = [...fields].toSorted().map((path) => `- ${pathText(path)}`);
      return `conflicts with ${managerText(owner.manager)}:\n${lines.join('\n')}`;
    })
    .join('\n');
}

function managerText({ name, operation, apiVersion, subresource }: Manager): string {
  const through = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  return JSON.stringify(name) + through + (operation === 'Update' ? ` using ${apiVersion}` : '');
}

function mergeApplied(live: KubeObject, applied: KubeObject, schema: Schema): KubeObject {
  return { ...live, ...mergeObject(live, withoutManagedFields(applied), schema) };
}

function mergeObject(live: JsonObject, applied: JsonObject, schema: Schema): JsonObject {
  const result = { ...live };
  for (const [key, value] of Object.entries(applied)) {
    if (value === null) delete result[key];
    else result[key] = mergeValue(result[key] ?? null, value, fieldSchema(schema, key));
  }
  return result;
}

function mergeValue(live: Json, applied: Json, schema: Schema): Json {
  if (isObject(applied) && isObject(live) && !isAtomicMap(schema)) return mergeObject(live, applied, schema);
  if (!Array.isArray(applied) || !Array.isArray(live)) return clone(applied);
  const kind = listKind({ ...resolve(schema), ...schema });
  if (kind.type === 'atomic') return clone(applied);
  const result = [...live];
  const items = itemSchema(schema);
  for (const item of applied) {
    const identity = itemIdentity(item, kind);
    const index = result.findIndex((other) => itemIdentity(other, kind) === identity);
    if (index === -1) result.push(clone(item));
    else result[index] = mergeValue(result[index] ?? null, item, items);
  }
  return result;
}

function removeFields(object: JsonObject, fields: FieldSet, schema: Schema): void {
  // Deepest first, so that a list item goes after its fields and only when it was owned itself.
  const paths = [...fields].map(elementsOf).toSorted((left, right) => right.length - left.length);
  for (const path of paths) removeAt(object, path, schema);
}

function removeAt(object: JsonObject, path: readonly string[], schema: Schema): void {
  const [first = '', ...rest] = path;
  const key = first.slice(2);
  const current = object[key];
  if (current === undefined) return;
  if (rest.length === 0) {
    delete object[key];
    return;
  }
  // The live object shares its parts with the store: copied on the way down, never changed.
  const field = fieldSchema(schema, key);
  if (isObject(current)) {
    const copied = { ...current };
    object[key] = copied;
    removeAt(copied, rest, field);
  } else if (Array.isArray(current)) {
    object[key] = removeFromList(current, rest, field);
  }
}

function removeFromList(list: readonly Json[], path: readonly string[], schema: Schema): Json[] {
  const [identity, ...rest] = path;
  const kind = listKind({ ...resolve(schema), ...schema });
  if (rest.length === 0) return list.filter((item) => itemIdentity(item, kind) !== identity);
  return list.map((item) => {
    if (!isObject(item) || itemIdentity(item, kind) !== identity) return item;
    const copied = { ...item };
    removeAt(copied, rest, itemSchema(schema));
    return copied;
  });
}
