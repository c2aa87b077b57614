import * as z from 'zod/mini';
import { holdsSecret, type, written, type Setting } from './setting.ts';

type JsonSchema = Readonly<Record<string, unknown>> & { readonly description?: string };

/** What a file may say for types whose text our schema reads; the schema itself knows only what it is read into. */
const inFiles = new Map<unknown, JsonSchema>([
  [type.boolean, { type: 'boolean' }],
  [type.text, { type: ['string', 'number', 'boolean'] }],
  [type.httpProxy, { type: 'string' }],
  [type.secret, { type: ['string', 'number'] }],
  [type.duration, { type: ['string', 'number'], description: 'a duration such as 30s or 1h30m, or a number of seconds' }],
  [type.bytes, { type: ['string', 'number'], description: 'a size such as 10Mb, or a number of bytes' }],
  [type.list, { type: ['array', 'string'], items: { type: ['string', 'number', 'boolean'] } }],
  [type.commaList, { type: ['array', 'string'], items: { type: ['string', 'number', 'boolean'] } }],
  [type.map, { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } }],
  [type.any, {}],
]);

/** The configuration file as a JSON Schema, for editors and for checks before a rollout. Unknown keys are allowed, as they are at run time. */
export function configSchema(settings: readonly Setting[]): JsonSchema {
  const properties: Record<string, unknown> = {};
  for (const setting of settings) place(properties, setting.key.split('.'), schemaOf(setting));
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'datadog-cluster.yaml', type: 'object', properties };
}

function place(properties: Record<string, unknown>, [name = '', ...rest]: readonly string[], schema: JsonSchema): void {
  if (rest.length === 0) {
    properties[name] = { ...(properties[name] as JsonSchema | undefined), ...schema };
    return;
  }
  const section = (properties[name] ??= { type: 'object', properties: {} }) as { properties?: Record<string, unknown> };
  place((section.properties ??= {}), rest, schema);
}

function schemaOf(setting: Setting): JsonSchema {
  const { type: given, description, isUsed } = setting;
  const { description: form, ...schema } = inFiles.get(given) ?? fromZod(given);
  const shown = written(setting, setting.default);
  return {
    ...schema,
    description: form === undefined ? description : `${description} (${form})`,
    ...(shown === undefined || holdsSecret(given) ? {} : { default: shown }),
    ...(isUsed ? {} : { deprecated: true }),
  };
}

function fromZod(given: Setting['type']): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(given, { io: 'output', unrepresentable: 'any' });
  return schema;
}
