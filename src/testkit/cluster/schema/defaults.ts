import { type Json, type JsonObject, clone, isObject } from '../json.ts';
import { fieldOf } from './prune.ts';
import type { Schema } from './schema.ts';

/** Fills in, in place, what the structural schema gives a default for; a null without `nullable` counts as missing. */
export function applyDefaults(value: Json, schema: Schema): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items !== undefined) for (const item of value) applyDefaults(item, items);
    return;
  }
  if (isObject(value)) defaultFields(value, schema);
}

function defaultFields(value: JsonObject, schema: Schema): void {
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    if (field.default === undefined) continue;
    const current = value[key];
    if (current === undefined || (current === null && field.nullable !== true)) value[key] = clone(field.default);
  }
  for (const [key, item] of Object.entries(value)) {
    const field = fieldOf(schema, key);
    if (field !== undefined) applyDefaults(item, field);
  }
}
