import { type Json, type JsonObject, arrayAt, clone, equal, isObject } from '../json.ts';
import type { Schema } from '../schema/schema.ts';
import { badRequest } from '../status.ts';
import { fieldSchema, itemSchema } from './lists.ts';

const DIRECTIVE = '$patch';
const ORDER = '$setElementOrder/';
const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/';
const RETAIN_KEYS = '$retainKeys';

/** A strategic merge patch: lists of the built-in types merge by their keys. Neither value is changed. Throws 400 for a bad directive. */
export function strategicMergePatch(target: Json, patch: Json, schema: Schema): Json {
  if (!isObject(patch)) return clone(patch);
  const directive = patch[DIRECTIVE];
  if (directive === 'replace') return clone(without(patch, DIRECTIVE));
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') throw badRequest(`Unknown patch type: ${JSON.stringify(directive)} found`);
  const result: JsonObject = isObject(target) ? { ...target } : {};
  retainKeys(result, patch);
  for (const [key, value] of Object.entries(patch)) {
    if (!key.startsWith('$')) mergeField(result, { key, value }, schema);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_PRIMITIVES)) deletePrimitives(result, key.slice(DELETE_PRIMITIVES.length), value);
    if (key.startsWith(ORDER)) reorder(result, { key: key.slice(ORDER.length), value }, schema);
  }
  return result;
}

interface Field {
  readonly key: string;
  readonly value: Json;
}

function mergeField(result: JsonObject, { key, value }: Field, schema: Schema): void {
  const field = fieldSchema(schema, key);
  const current = result[key] ?? null;
  if (value === null) delete result[key];
  else if (Array.isArray(value)) result[key] = mergeList(Array.isArray(current) ? current : [], value, field);
  else if (isObject(value) && value[DIRECTIVE] === 'delete') delete result[key];
  else result[key] = strategicMergePatch(current, value, field);
}

function mergeList(current: Json[], patch: Json[], schema: Schema): Json[] {
  if (!merges(schema)) return clone(patch.filter((item) => !isDirectiveOnly(item)));
  const mergeKey = schema['x-kubernetes-patch-merge-key'];
  if (patch.some((item) => isObject(item) && item[DIRECTIVE] === 'replace')) return clone(patch.filter((item) => !isDirectiveOnly(item)));
  if (mergeKey === undefined) return [...current, ...patch.filter((item) => !current.some((other) => equal(item, other)))];
  let result = [...current];
  for (const item of patch) {
    if (!isObject(item)) continue;
    const identity = item[mergeKey];
    if (identity === undefined) throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`);
    const same = (other: Json): boolean => isObject(other) && equal(other[mergeKey], identity);
    const index = result.findIndex(same);
    if (item[DIRECTIVE] === 'delete') result = result.filter((other) => !same(other));
    else if (index === -1) result.push(strategicMergePatch({}, item, itemSchema(schema)));
    else result[index] = strategicMergePatch(result[index] ?? {}, item, itemSchema(schema));
  }
  return result;
}

function merges(schema: Schema): boolean {
  return schema['x-kubernetes-patch-strategy']?.split(',').includes('merge') ?? false;
}

function isDirectiveOnly(item: Json): boolean {
  return isObject(item) && item[DIRECTIVE] !== undefined && Object.keys(item).length === 1;
}

function retainKeys(result: JsonObject, patch: JsonObject): void {
  const kept = patch[RETAIN_KEYS];
  if (!Array.isArray(kept)) return;
  for (const key of Object.keys(result)) if (!kept.includes(key)) delete result[key];
}

function deletePrimitives(result: JsonObject, key: string, values: Json): void {
  const current = result[key];
  if (!Array.isArray(current) || !Array.isArray(values)) return;
  result[key] = current.filter((item) => !values.some((value) => equal(item, value)));
}

/** Items that the patch orders come in its order; those that it does not name stay before the item they stood before. */
function reorder(result: JsonObject, { key, value }: Field, schema: Schema): void {
  const current = result[key];
  if (!Array.isArray(current)) return;
  const mergeKey = fieldSchema(schema, key)['x-kubernetes-patch-merge-key'];
  const identity = (item: Json): string => JSON.stringify(mergeKey !== undefined && isObject(item) ? (item[mergeKey] ?? null) : item);
  const order = arrayAt(value).map(identity);
  const ranked = current
    .filter((item) => order.includes(identity(item)))
    .toSorted((left, right) => order.indexOf(identity(left)) - order.indexOf(identity(right)));
  result[key] = current.map((item) => (order.includes(identity(item)) ? (ranked.shift() ?? item) : item));
}

function without(value: JsonObject, key: string): JsonObject {
  const { [key]: _dropped, ...rest } = value;
  return rest;
}
