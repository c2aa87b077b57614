import { type Json, type JsonObject, isObject } from '../json.ts';
import { OBJECT_META, resolve, specialType } from './definitions.ts';
import { canonicalQuantity } from './quantity.ts';
import type { Schema } from './schema.ts';

/** What pruning found. */
export interface Pruned {
  readonly value: Json;
  /** Dotted paths of the fields that the schema does not know: dropped. */
  readonly unknown: readonly string[];
  /** For built-in types: values of a type that cannot be read, as sentences. */
  readonly unreadable: readonly string[];
}

/**
 * The value as its built-in type would read and write it: unknown fields and nulls dropped, quantities in canonical form.
 * `value` is left alone.
 */
export function readTyped(value: Json, schema: Schema): Pruned {
  const pruner = new Pruner(true);
  return { value: pruner.prune(value, schema, ''), unknown: pruner.unknown, unreadable: pruner.unreadable };
}

/** A custom resource without the fields that its structural schema does not specify. */
export function pruneCustom(value: JsonObject, schema: Schema): Pruned {
  const pruner = new Pruner(false);
  return { value: pruner.pruneResource(value, schema, ''), unknown: pruner.unknown, unreadable: pruner.unreadable };
}

class Pruner {
  readonly unknown: string[] = [];
  readonly unreadable: string[] = [];
  readonly #typed: boolean;

  constructor(typed: boolean) {
    this.#typed = typed;
  }

  /** The root of an object: its type and metadata are the API's, whatever the schema says. */
  pruneResource(value: JsonObject, schema: Schema, path: string): JsonObject {
    const { apiVersion, kind, metadata, ...rest } = value;
    const pruned = this.#object(rest, schema, path);
    const typed = new Pruner(true);
    return {
      ...(apiVersion === undefined ? {} : { apiVersion }),
      ...(kind === undefined ? {} : { kind }),
      ...(isObject(metadata) ? { metadata: typed.prune(metadata, OBJECT_META, '') } : {}),
      ...pruned,
    };
  }

  prune(value: Json, schema: Schema, path: string): Json {
    const special = specialType(schema);
    if (special === 'anything') return value;
    if (special !== undefined) return this.#scalarOrText(value, special, path);
    const found = resolve(schema);
    if (Array.isArray(value)) return this.#array(value, found, path);
    if (isObject(value)) {
      if (found['x-kubernetes-embedded-resource'] === true) return this.pruneResource(value, found, path);
      return this.#checked(value, found, path) ? this.#object(value, found, path) : value;
    }
    return this.#checked(value, found, path) ? value : null;
  }

  #array(value: Json[], schema: Schema, path: string): Json {
    if (!this.#checked(value, schema, path)) return value;
    const items = schema.items;
    return items === undefined ? value : value.map((item, index) => this.prune(item, items, `${path}[${index}]`));
  }

  #object(value: JsonObject, schema: Schema, path: string): JsonObject {
    const found = resolve(schema);
    const result: JsonObject = {};
    for (const [key, item] of Object.entries(value)) {
      const inner = path === '' ? key : `${path}.${key}`;
      const field = fieldOf(found, key);
      if (this.#typed && item === null) continue;
      if (field !== undefined) result[key] = this.prune(item, field, inner);
      else if (keepsUnknown(found)) result[key] = item;
      else this.unknown.push(inner);
    }
    return result;
  }

  #scalarOrText(value: Json, special: 'quantity' | 'int-or-string', path: string): Json {
    if (typeof value !== 'string' && typeof value !== 'number') {
      this.#refuse(value, special, path);
      return value;
    }
    if (special === 'int-or-string' || !this.#typed) return value;
    const canonical = canonicalQuantity(String(value));
    if (canonical !== undefined) return canonical;
    this.unreadable.push(`quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`);
    return value;
  }

  #checked(value: Json, schema: Schema, path: string): boolean {
    if (!this.#typed || value === null || schema.type === undefined) return true;
    if (jsonTypes(value).includes(schema.type)) return true;
    this.#refuse(value, schema.type, path);
    return false;
  }

  #refuse(value: Json, wanted: string, path: string): void {
    if (!this.#typed) return;
    this.unreadable.push(`json: cannot unmarshal ${jsonTypes(value)[0]} into Go struct field ${path} of type ${wanted}`);
  }
}

/** The schema of the field `key`, undefined where there is none. */
export function fieldOf(schema: Schema, key: string): Schema | undefined {
  const declared = schema.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
  if (declared !== undefined) return declared;
  const others = schema.additionalProperties;
  if (others === true) return {};
  return others === false ? undefined : others;
}

function keepsUnknown(schema: Schema): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true || isAnything(schema);
}

/** What a schema without any say on its fields, under `additionalProperties: true`, permits. */
function isAnything(schema: Schema): boolean {
  return Object.keys(schema).length === 0;
}

/** The OpenAPI types that `value` satisfies, the JSON one first. */
export function jsonTypes(value: Json): string[] {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  if (typeof value === 'number') return Number.isInteger(value) ? ['number', 'integer'] : ['number'];
  if (typeof value === 'boolean') return ['boolean', 'bool'];
  return [typeof value];
}
