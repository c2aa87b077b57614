import { definitions } from './generated/definitions.ts';
import type { Schema } from './schema.ts';

const PREFIX = '#/definitions/';
const parsed = new Map<string, Schema>();

/** A reference to the type `name` of the OpenAPI document: cheap, it is read on first use. */
export function definitionOf(name: string): Schema {
  return { $ref: `${PREFIX}${name}` };
}

/** The schema itself: what a reference points to, or `schema` where it is none. An unknown reference means anything. */
export function resolve(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.slice(PREFIX.length);
  const known = parsed.get(name);
  if (known !== undefined) return known;
  const text = definitions[name];
  const read: Schema = text === undefined ? {} : JSON.parse(text);
  parsed.set(name, read);
  return read;
}

/** The names of all types that the server knows. */
export function definitionNames(): string[] {
  return Object.keys(definitions);
}

/** The metadata that every object has. */
export const OBJECT_META = definitionOf('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');

/** What a type of the OpenAPI document is beyond its JSON type. */
export type SpecialType = 'quantity' | 'int-or-string' | 'anything' | undefined;

/** Quantities and int-or-strings say `string` in the document and take numbers; raw extensions and JSON take anything. */
export function specialType(schema: Schema): SpecialType {
  if (schema['x-kubernetes-int-or-string'] === true || schema.format === 'int-or-string') return 'int-or-string';
  if (schema.$ref?.endsWith('.api.resource.Quantity') === true) return 'quantity';
  const found = resolve(schema);
  if (found.format === 'int-or-string') return 'int-or-string';
  if (found['x-kubernetes-preserve-unknown-fields'] === true) return undefined;
  const bare = found.type === undefined || (found.type === 'object' && found.properties === undefined);
  return schema.$ref !== undefined && bare ? 'anything' : undefined;
}
