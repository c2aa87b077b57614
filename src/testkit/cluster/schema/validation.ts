import { type Json, type JsonObject, equal, isObject } from '../json.ts';
import { type FieldError, invalidValue, requiredValue } from '../status.ts';
import { specialType } from './definitions.ts';
import { fieldOf, jsonTypes } from './prune.ts';
import type { Schema } from './schema.ts';

/** Everything about `value` that breaks `schema`; `path` is the dotted path of `value`, empty for the root. */
export function validate(value: Json, schema: Schema, path: string): FieldError[] {
  const wrongType = typeError(value, schema, path);
  if (wrongType !== undefined) return [wrongType];
  if (value === null) return [];
  return [
    ...enumErrors(value, schema, path),
    ...(typeof value === 'string' ? textErrors(value, schema, path) : []),
    ...(typeof value === 'number' ? numberErrors(value, schema, path) : []),
    ...(Array.isArray(value) ? arrayErrors(value, schema, path) : []),
    ...(isObject(value) ? objectErrors(value, schema, path) : []),
    ...combinationErrors(value, schema, path),
  ];
}

function inBody(path: string, why: string): string {
  return `${path} in body ${why}`;
}

function typeError(value: Json, schema: Schema, path: string): FieldError | undefined {
  const special = specialType(schema) === 'int-or-string';
  const wanted = special ? 'integer,string' : schema.type;
  if (wanted === undefined || (value === null && schema.nullable === true)) return undefined;
  if (jsonTypes(value).some((type) => wanted.split(',').includes(type))) return undefined;
  const shown = value === null ? 'null' : (jsonTypes(value).at(-1) ?? '');
  const text = JSON.stringify(shown);
  return {
    reason: 'FieldValueTypeInvalid',
    field: path,
    message: `Invalid value: ${text}: ${inBody(path, `must be of type ${wanted}: ${text}`)}`,
  };
}

function enumErrors(value: Json, schema: Schema, path: string): FieldError[] {
  if (schema.enum === undefined || schema.enum.some((allowed) => equal(allowed, value))) return [];
  const supported = schema.enum.map((allowed) => JSON.stringify(allowed)).join(', ');
  return [
    {
      reason: 'FieldValueNotSupported',
      field: path,
      message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`,
    },
  ];
}

function textErrors(value: string, schema: Schema, path: string): FieldError[] {
  const fail = (why: string): FieldError => invalidValue(path, value, inBody(path, why));
  // Code points, as Go counts them.
  const { length } = Array.from(value);
  const errors: FieldError[] = [];
  if (schema.maxLength !== undefined && length > schema.maxLength) errors.push(fail(`should be at most ${schema.maxLength} chars long`));
  if (schema.minLength !== undefined && length < schema.minLength) errors.push(fail(`should be at least ${schema.minLength} chars long`));
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) errors.push(fail(`should match '${schema.pattern}'`));
  if (schema.format !== undefined && FORMATS[schema.format]?.(value) === false)
    errors.push(fail(`must be of type ${schema.format}: ${JSON.stringify(value)}`));
  return errors;
}

/** Formats that a structural schema may demand; one that is not here is not checked, as in the real server. */
const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': (text) => /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text),
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text),
  uuid: (text) => /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text),
  byte: (text) => /^[A-Za-z0-9+/]*={0,2}$/.test(text),
  ipv4: (text) => /^(\d{1,3}\.){3}\d{1,3}$/.test(text),
  duration: (text) => /^\d+(\.\d+)?\s?[a-zµ]+$/i.test(text) || /^(\d+(\.\d+)?[a-zµ]+)+$/i.test(text),
};

function numberErrors(value: number, schema: Schema, path: string): FieldError[] {
  const { minimum, maximum, multipleOf } = schema;
  const fail = (why: string): FieldError => invalidValue(path, value, inBody(path, why));
  const errors: FieldError[] = [];
  if (minimum !== undefined && (schema.exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    errors.push(fail(`should be greater than ${schema.exclusiveMinimum === true ? '' : 'or equal to '}${minimum}`));
  }
  if (maximum !== undefined && (schema.exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    errors.push(fail(`should be less than ${schema.exclusiveMaximum === true ? '' : 'or equal to '}${maximum}`));
  }
  if (multipleOf !== undefined && value % multipleOf !== 0) errors.push(fail(`should be a multiple of ${multipleOf}`));
  return errors;
}

function arrayErrors(value: Json[], schema: Schema, path: string): FieldError[] {
  const { items, minItems, maxItems } = schema;
  const errors: FieldError[] = [];
  if (minItems !== undefined && value.length < minItems)
    errors.push(invalidValue(path, value.length, inBody(path, `should have at least ${minItems} items`)));
  if (maxItems !== undefined && value.length > maxItems) {
    errors.push({ reason: 'FieldValueInvalid', field: path, message: `Too many: ${value.length}: must have at most ${maxItems} items` });
  }
  if (items !== undefined) errors.push(...value.flatMap((item, index) => validate(item, items, `${path}[${index}]`)));
  return [...errors, ...duplicateErrors(value, schema, path)];
}

function duplicateErrors(value: Json[], schema: Schema, path: string): FieldError[] {
  const type = schema['x-kubernetes-list-type'];
  if (type !== 'set' && type !== 'map') return [];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const seen = new Set<string>();
  return value.flatMap((item, index): FieldError[] => {
    const identity = type === 'map' && isObject(item) ? Object.fromEntries(keys.map((key) => [key, item[key] ?? null])) : item;
    const text = JSON.stringify(identity);
    if (!seen.has(text)) {
      seen.add(text);
      return [];
    }
    const shown = type === 'map' ? `map[string]interface {}${text}` : text;
    return [{ reason: 'FieldValueDuplicate', field: `${path}[${index}]`, message: `Duplicate value: ${shown}` }];
  });
}

function objectErrors(value: JsonObject, schema: Schema, path: string): FieldError[] {
  const inner = (key: string): string => (path === '' ? key : `${path}.${key}`);
  const missing = (schema.required ?? []).filter((key) => !Object.hasOwn(value, key)).map((key) => requiredValue(inner(key)));
  const size = Object.keys(value).length;
  const errors: FieldError[] = [...missing];
  if (schema.minProperties !== undefined && size < schema.minProperties)
    errors.push(invalidValue(path, size, inBody(path, `should have at least ${schema.minProperties} properties`)));
  if (schema.maxProperties !== undefined && size > schema.maxProperties)
    errors.push(invalidValue(path, size, inBody(path, `should have at most ${schema.maxProperties} properties`)));
  for (const [key, item] of Object.entries(value)) {
    const field = fieldOf(schema, key);
    if (field !== undefined && !isMetadata(path, key)) errors.push(...validate(item, field, inner(key)));
  }
  return errors;
}

/** The API itself validates these, for every kind alike. */
function isMetadata(path: string, key: string): boolean {
  return path === '' && ['apiVersion', 'kind', 'metadata'].includes(key);
}

function combinationErrors(value: Json, schema: Schema, path: string): FieldError[] {
  const holds = (part: Schema): boolean => validate(value, part, path).length === 0;
  const fail = (why: string): FieldError => invalidValue(path, isObject(value) ? {} : value, `"${path}" must ${why}`);
  const errors = (schema.allOf ?? []).flatMap((part) => validate(value, part, path));
  if (schema.anyOf !== undefined && !schema.anyOf.some(holds)) errors.push(fail('validate at least one schema (anyOf)'));
  const matching = schema.oneOf?.filter(holds).length;
  if (matching === 0) errors.push(fail('validate one and only one schema (oneOf). Found none valid'));
  if (matching !== undefined && matching > 1)
    errors.push(fail(`validate one and only one schema (oneOf). Found ${matching} valid alternatives`));
  if (schema.not !== undefined && holds(schema.not)) errors.push(fail('not validate the schema (not)'));
  return errors;
}
