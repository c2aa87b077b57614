import { randomUUID } from 'node:crypto';
import { timestamp } from '../clock.ts';
import { type Json, type JsonObject, type KubeObject, arrayAt, at, equal, isObject, put, textAt } from '../json.ts';
import { establish } from '../resources/custom.ts';
import type { Resource } from '../resources/resource.ts';
import { applyDefaults } from '../schema/defaults.ts';
import { validate } from '../schema/validation.ts';
import { type FieldError, StatusError, badRequest, invalid, notFound, qualified } from '../status.ts';
import { defaultBuiltin, initialStatus, nameSuffix, onCreate } from './builtin-defaults.ts';
import { builtinErrors, metadataErrors, transitionErrors } from './builtin-rules.ts';

/** What preparing an object needs from the cluster. */
export interface Surroundings {
  now(): number;
  /** The namespace of that name. */
  namespace(name: string): KubeObject | undefined;
  /** The next free service address and node port. */
  allocate(): { address: string; nodePort: number };
}

/** Puts the object into its namespace. Throws 400 where it says another one, 404 where there is none, 403 where it is being deleted. */
export function enterNamespace(object: KubeObject, target: { resource: Resource; namespace: string }, around: Surroundings): void {
  const { resource, namespace } = target;
  const own = object.metadata.namespace ?? '';
  if (own !== '' && own !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (!resource.namespaced) return;
  object.metadata.namespace = namespace;
  const found = around.namespace(namespace);
  if (found === undefined) throw notFound({ group: '', plural: 'namespaces' }, namespace);
  if (found.metadata.deletionTimestamp !== undefined) throw terminating(object, resource, namespace);
}

function terminating(object: KubeObject, resource: Resource, namespace: string): StatusError {
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  return new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: `${qualified(resource)} "${object.metadata.name ?? ''}" is forbidden: ${why}`,
    details: {
      name: object.metadata.name ?? '',
      kind: resource.plural,
      causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }],
    },
  });
}

/** Fills in, in place, what defaults say. */
export function applyAllDefaults(object: KubeObject, resource: Resource): void {
  if (resource.custom === undefined) defaultBuiltin(object, resource);
  else applyDefaults(object, resource.schema);
}

/** Gives a new object, in place, its name, its identity and its first status. */
export function beginLife(object: KubeObject, resource: Resource, around: Surroundings): void {
  const { metadata } = object;
  if ((metadata.name ?? '') === '' && metadata.generateName !== undefined) metadata.name = metadata.generateName + nameSuffix();
  metadata.uid = randomUUID();
  metadata.creationTimestamp = timestamp(around.now());
  for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink', 'resourceVersion', 'generation', 'managedFields']) {
    delete metadata[field];
  }
  if (resource.generation) metadata.generation = 1;
  if (resource.custom === undefined) onCreate(object, resource, () => around.allocate());
  if (resource.status) {
    const status = resource.custom === undefined ? initialStatus(object, resource) : undefined;
    if (status !== undefined) object['status'] = status;
    else if (resource.custom !== undefined) delete object['status'];
  }
  if (resource.storage === 'customresourcedefinitions.apiextensions.k8s.io') establish(object, timestamp(around.now()));
}

/** The fields that only the server writes: an update keeps them whatever it says. */
const SERVER_FIELDS = [
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'generateName',
  'selfLink',
  'managedFields',
  'resourceVersion',
  'name',
  'namespace',
];

/** Makes `next`, in place, the successor of `before`: what this write may not touch stays as it was. */
export function continueLife(next: KubeObject, before: KubeObject, target: { resource: Resource; subresource: string }): void {
  const { resource, subresource } = target;
  if (subresource === 'status') keepAllButStatus(next, before, resource);
  else if (resource.status) put(next, ['status'], before['status']);
  if (resource.storage === 'namespaces' && subresource !== 'finalize') put(next, ['spec', 'finalizers'], at(before, 'spec', 'finalizers'));
  for (const field of SERVER_FIELDS) put(next.metadata, [field], before.metadata[field]);
  if (resource.storage === 'services') keepAddress(next, before);
  if (resource.generation && !equal(desired(next), desired(before))) next.metadata.generation = (before.metadata.generation ?? 0) + 1;
}

/** An update that does not say the address keeps it. */
function keepAddress(next: KubeObject, before: KubeObject): void {
  if (textAt(next, 'spec', 'clusterIP') !== '' || textAt(next, 'spec', 'type') === 'ExternalName') return;
  for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) put(next, ['spec', field], at(before, 'spec', field));
}

function keepAllButStatus(next: KubeObject, before: KubeObject, resource: Resource): void {
  const { status } = next;
  for (const key of Object.keys(next)) if (!['metadata', 'kind', 'apiVersion'].includes(key)) delete next[key];
  const { status: _old, metadata, ...rest } = before;
  Object.assign(next, rest);
  if (status !== undefined) next['status'] = status;
  // Metadata of built-in kinds may change along with the status, that of custom kinds may not.
  if (resource.custom !== undefined) next.metadata = { ...metadata };
  else if (resource.storage === 'deployments.apps') put(next.metadata, ['labels'], metadata.labels);
}

/** What the generation counts: everything but metadata and status. */
function desired({ metadata: _metadata, status: _status, ...rest }: KubeObject): JsonObject {
  return rest;
}

/** Throws 422 with everything that is wrong with `object`, or with the step from `before` to it. */
export function checkObject(object: KubeObject, resource: Resource, before: KubeObject | undefined): void {
  const content = resource.custom === undefined ? builtinErrors(object, resource) : customErrors(object, resource);
  const step = before === undefined || resource.custom !== undefined ? [] : transitionErrors(before, object, resource);
  const errors = [...metadataErrors(object, resource), ...content, ...step];
  if (errors.length > 0) throw invalid(resource, object.metadata.name ?? '', errors);
}

function customErrors(object: KubeObject, resource: Resource): FieldError[] {
  return [...validate(object, resource.schema, ''), ...scaleErrors(object, resource)];
}

function scaleErrors(object: KubeObject, { scale }: Resource): FieldError[] {
  if (scale === undefined) return [];
  const replicas: Json | undefined = at(object, ...scale.spec.split('.').slice(1));
  const negative = typeof replicas === 'number' && replicas < 0;
  return negative
    ? [{ reason: 'FieldValueInvalid', field: scale.spec.slice(1), message: `Invalid value: ${replicas}: should be a non-negative integer` }]
    : [];
}

/** Whether an object has nothing that holds it back once its deletion was asked for. */
export function isGone(object: KubeObject): boolean {
  if (object.metadata.deletionTimestamp === undefined || (object.metadata.finalizers ?? []).length > 0) return false;
  if (object.kind === 'Namespace') return arrayAt(object, 'spec', 'finalizers').length === 0;
  return (object.metadata.deletionGracePeriodSeconds ?? 0) === 0;
}

/** The labels of the object's ObjectMeta, as a plain record. */
export function labelsOf(object: KubeObject): Record<string, string> {
  return isObject(object.metadata.labels) ? object.metadata.labels : {};
}
