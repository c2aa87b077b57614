import { parse as parseYaml } from 'yaml';
import { type Json, type JsonObject, type KubeObject, isObject, textAt } from '../json.ts';
import { apiVersionOf } from '../resources/resource.ts';
import { type Pruned, pruneCustom, readTyped } from '../schema/prune.ts';
import { StatusError, badRequest } from '../status.ts';
import { type ApiRequest, fieldValidationOf } from './request.ts';

/** Reads a request body. Throws 400 where it cannot be read, 415 for a media type that the server does not read. */
export function parseBody(text: string, contentType: string): Json {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  try {
    if (type.includes('yaml')) return parseYaml(text);
    if (type === '' || type.includes('json')) return JSON.parse(text);
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw unsupportedMediaType(['application/json', 'application/yaml']);
}

/** 415, naming what would do. */
export function unsupportedMediaType(supported: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${supported.join(', ')}`;
  return new StatusError({ code: 415, reason: 'UnsupportedMediaType', message });
}

/**
 * Takes a body for an object of the requested resource: its type checked, unknown fields dropped, nothing defaulted.
 * Throws 400 where it is something else.
 */
export function decodeObject(request: ApiRequest, body: Json): KubeObject {
  const { resource } = request;
  if (!isObject(body)) throw badRequest(`the object provided is unrecognized (must be of type ${resource.kind})`);
  const typed = withType(request, body);
  const { value, unknown, unreadable } = prune(request, typed);
  if (unreadable.length > 0) {
    throw badRequest(`${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${unreadable[0] ?? ''}`);
  }
  reportUnknown(request, unknown);
  const pruned = isObject(value) ? value : typed;
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = pruned;
  const meta = isObject(metadata) ? tidy(metadata) : {};
  return { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata: meta, ...rest };
}

/** The real server leaves out what is empty in metadata. */
function tidy(metadata: JsonObject): JsonObject {
  const emptiable = ['labels', 'annotations', 'finalizers', 'ownerReferences', 'namespace', 'generateName', 'resourceVersion', 'uid'];
  return Object.fromEntries(Object.entries(metadata).filter(([key, value]) => !(emptiable.includes(key) && isEmpty(value))));
}

function isEmpty(value: Json | undefined): boolean {
  return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

/** A body of a built-in kind may leave out what the URL says anyway; one of a custom kind may not. */
function withType({ resource }: ApiRequest, body: JsonObject): JsonObject {
  const expected = apiVersionOf(resource);
  const apiVersion = textAt(body, 'apiVersion');
  const kind = textAt(body, 'kind');
  if (resource.custom !== undefined && kind === '') throw badRequest(`Object 'Kind' is missing in '${JSON.stringify(body)}'`);
  if (resource.custom !== undefined && apiVersion === '') throw badRequest(`Object 'apiVersion' is missing in '${JSON.stringify(body)}'`);
  if (apiVersion !== '' && apiVersion !== expected) {
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${expected})`);
  }
  if (kind !== '' && kind !== resource.kind) {
    throw badRequest(
      `${kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: no kind "${kind}" is registered for this resource`,
    );
  }
  return { ...body, apiVersion: expected, kind: resource.kind };
}

function prune({ resource }: ApiRequest, body: JsonObject): Pruned {
  if (resource.custom === undefined) return readTyped(body, resource.schema);
  const schema = resource.custom.preserveUnknownFields
    ? { ...resource.schema, 'x-kubernetes-preserve-unknown-fields': true }
    : resource.schema;
  return pruneCustom(body, schema);
}

function reportUnknown(request: ApiRequest, unknown: readonly string[]): void {
  if (unknown.length === 0) return;
  const validation = fieldValidationOf(request);
  if (validation === 'Warn') for (const field of unknown) request.warn(`unknown field "${field}"`);
  if (validation !== 'Strict') return;
  const { kind, version } = request.resource;
  const list = unknown.map((field) => `unknown field "${field}"`).join(', ');
  throw badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${list}`);
}
