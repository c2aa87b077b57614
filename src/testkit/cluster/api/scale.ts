import { type Json, type JsonObject, type KubeObject, at, clone, isObject, numberAt, objectAt, put, textAt } from '../json.ts';
import type { Resource } from '../resources/resource.ts';
import { labelSelectorText } from '../selectors.ts';
import { badRequest, invalid, invalidValue, methodNotAllowed } from '../status.ts';
import { patchFunction } from './patcher.ts';
import type { Reader } from './reader.ts';
import type { ApiRequest } from './request.ts';
import type { Writer } from './writer.ts';

/** The scale subresource of `object`. */
function scaleOf(object: KubeObject, resource: Resource): JsonObject {
  const { scale } = resource;
  if (scale === undefined) throw methodNotAllowed();
  const { name = '', namespace = '', uid = '', resourceVersion = '', creationTimestamp = '' } = object.metadata;
  const replicas = numberAt(object, ...steps(scale.spec)) ?? 0;
  const selector = scale.selector === undefined ? selectorText(object, resource) : textAt(object, ...steps(scale.selector));
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: numberAt(object, ...steps(scale.status)) ?? 0, ...(selector === '' ? {} : { selector }) },
  };
}

function selectorText(object: KubeObject, resource: Resource): string {
  if (resource.custom !== undefined) return '';
  const selector = objectAt(object, 'spec', 'selector');
  return labelSelectorText(resource.kind === 'ReplicationController' ? { matchLabels: selector } : selector);
}

function steps(path: string): string[] {
  return path.split('.').slice(1);
}

/** What serving a scale needs. */
export interface ScaleParts {
  readonly reader: Reader;
  readonly writer: Writer;
}

/** Reads or writes the scale of an object: all that it can change is the number of replicas. */
export async function serveScale(request: ApiRequest, body: Json | undefined, parts: ScaleParts): Promise<JsonObject> {
  const { resource, info } = request;
  if (info.verb === 'get') return scaleOf(parts.reader.get(request), resource);
  const changed = await parts.writer.change(request, (current) => {
    const before = scaleOf(current, resource);
    const after = info.verb === 'patch' ? patchFunction(scaleRequest(request), body ?? null)(before) : body;
    return { object: withReplicas(current, checkedScale(after), resource) };
  });
  return scaleOf(changed, resource);
}

/** A scale is no part of the resource's own schema, so it is patched as an object without one. */
function scaleRequest(request: ApiRequest): ApiRequest {
  return { ...request, resource: { ...request.resource, custom: undefined, schema: {} } };
}

function checkedScale(scale: Json | undefined): JsonObject {
  if (!isObject(scale)) throw badRequest('the object provided is unrecognized (must be of type Scale)');
  const kind = textAt(scale, 'kind');
  if (kind !== '' && kind !== 'Scale') throw badRequest(`${kind} in version "v1" cannot be handled as a Scale`);
  const replicas = numberAt(scale, 'spec', 'replicas') ?? 0;
  if (replicas >= 0) return scale;
  throw invalid({ group: 'autoscaling', kind: 'Scale' }, textAt(scale, 'metadata', 'name'), [
    invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
  ]);
}

function withReplicas(current: KubeObject, scale: JsonObject, resource: Resource): KubeObject {
  const next = clone(current);
  const version = textAt(scale, 'metadata', 'resourceVersion');
  put(next.metadata, ['resourceVersion'], version === '' ? undefined : version);
  put(next, steps(resource.scale?.spec ?? ''), at(scale, 'spec', 'replicas') ?? 0);
  return next;
}
