import { createHash } from 'node:crypto';
import { type Json, type JsonObject, isObject } from '../json.ts';
import type { Registry } from '../resources/registry.ts';
import { type Resource, apiVersionOf } from '../resources/resource.ts';
import { definitionNames, definitionOf, resolve } from '../schema/definitions.ts';

const V2_PREFIX = '#/definitions/';
const V3_PREFIX = '#/components/schemas/';

/** Writes the OpenAPI documents: what `kubectl explain`, `apply` and their validation read. */
export class OpenApi {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** `/openapi/v2`: every type, and the paths that its readers look at. */
  v2(version: string): JsonObject {
    const definitions: JsonObject = {};
    for (const name of definitionNames()) definitions[name] = plain(resolve(definitionOf(name)));
    for (const resource of this.#registry.all()) definitions[resource.definition] = withKind(resource, V2_PREFIX);
    const paths: JsonObject = {};
    for (const resource of this.#registry.all()) paths[pathOf(resource)] = operations(resource, { $ref: V2_PREFIX + resource.definition });
    return { swagger: '2.0', info: { title: 'Kubernetes', version }, paths, definitions };
  }

  /** `/openapi/v3`: where the document of each group and version is. */
  index(): JsonObject {
    const paths: JsonObject = {};
    for (const { group, version } of this.#registry.all()) {
      const path = group === '' ? `api/${version}` : `apis/${group}/${version}`;
      paths[path] ??= { serverRelativeURL: `/openapi/v3/${path}?hash=${this.#hash(group, version)}` };
    }
    return { paths };
  }

  /** `/openapi/v3/<path>`; undefined where nothing is served there. */
  v3(path: string, title: string): JsonObject | undefined {
    const [version = '', group = ''] = path.split('/').slice(1).toReversed();
    const resources = this.#registry.all().filter((resource) => resource.group === group && resource.version === version);
    if (resources.length === 0) return undefined;
    const schemas: JsonObject = {};
    for (const resource of resources) schemas[resource.definition] = withKind(resource, V3_PREFIX);
    const pending = Object.values(schemas);
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      for (const name of references(next)) {
        if (schemas[name] !== undefined) continue;
        const schema = rewrite(plain(resolve(definitionOf(name))));
        schemas[name] = schema;
        pending.push(schema);
      }
    }
    const paths: JsonObject = {};
    for (const resource of resources) paths[pathOf(resource)] = operationsV3(resource);
    return { openapi: '3.0.0', info: { title: 'Kubernetes', version: title }, paths, components: { schemas } };
  }

  #hash(group: string, version: string): string {
    const shapes = this.#registry.all().filter((resource) => resource.group === group && resource.version === version);
    return createHash('sha256')
      .update(JSON.stringify(shapes.map(({ definition, schema }) => [definition, schema])))
      .digest('hex')
      .slice(0, 32)
      .toUpperCase();
  }
}

function references(value: Json): string[] {
  return [...JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name ?? '');
}

/** Typed schemas as plain JSON. */
function plain(schema: object): JsonObject {
  const copied: Json = JSON.parse(JSON.stringify(schema));
  return isObject(copied) ? copied : {};
}

/** OpenAPI 3 keeps types elsewhere, and knows no format for what is a number or a text. */
function rewrite(value: Json): Json {
  if (Array.isArray(value)) return value.map(rewrite);
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    result[key] = key === '$ref' && typeof item === 'string' ? item.replace(V2_PREFIX, V3_PREFIX) : rewrite(item);
  }
  if (result['format'] === 'int-or-string') return { oneOf: [{ type: 'integer' }, { type: 'string' }] };
  return result;
}

function withKind(resource: Resource, prefix: string): JsonObject {
  const { group, version, kind, custom } = resource;
  const schema = plain(resolve(resource.schema));
  const typed = custom === undefined ? schema : { type: 'object', ...schema, properties: { ...customMeta(), ...withoutMeta(schema) } };
  const rewritten = prefix === V3_PREFIX ? rewrite(typed) : typed;
  return { ...(isObject(rewritten) ? rewritten : {}), 'x-kubernetes-group-version-kind': [{ group, version, kind }] };
}

function withoutMeta(schema: JsonObject): JsonObject {
  const properties = schema['properties'];
  if (!isObject(properties)) return {};
  return Object.fromEntries(Object.entries(properties).filter(([key]) => !['apiVersion', 'kind', 'metadata'].includes(key)));
}

function customMeta(): JsonObject {
  const metadata = { $ref: `${V2_PREFIX}io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta` };
  return { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata };
}

function pathOf({ group, version, namespaced, plural }: Resource): string {
  const root = group === '' ? `/api/${version}` : `/apis/${apiVersionOf({ group, version })}`;
  return `${root}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}/{name}`;
}

/** The options that tell a client what it may ask of a write. */
const OPTIONS = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({ name, in: 'query' }));

function kindOf({ group, version, kind }: Resource): JsonObject {
  return { 'x-kubernetes-group-version-kind': { group, version, kind } };
}

function operations(resource: Resource, schema: JsonObject): JsonObject {
  const parameters = OPTIONS.map((option) => ({ ...option, type: 'string' }));
  const responses = { '200': { description: 'OK', schema } };
  const patch = { ...kindOf(resource), 'x-kubernetes-action': 'patch', parameters, responses };
  return { get: { ...kindOf(resource), 'x-kubernetes-action': 'get', responses }, patch, put: { ...patch, 'x-kubernetes-action': 'put' } };
}

function operationsV3(resource: Resource): JsonObject {
  const parameters = OPTIONS.map((option) => ({ ...option, schema: { type: 'string', uniqueItems: true } }));
  const schema = { $ref: V3_PREFIX + resource.definition };
  const responses = { '200': { description: 'OK', content: { 'application/json': { schema } } } };
  const patch = { ...kindOf(resource), 'x-kubernetes-action': 'patch', parameters, responses };
  return { get: { ...kindOf(resource), 'x-kubernetes-action': 'get', responses }, patch, put: { ...patch, 'x-kubernetes-action': 'put' } };
}
