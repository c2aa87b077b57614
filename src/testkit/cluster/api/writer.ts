import { type Json, type KubeObject, clone, equal, isObject, textAt } from '../json.ts';
import { timestamp } from '../clock.ts';
import { type Ownership, formatOwnership, ownershipAfterUpdate } from '../patch/managed-fields.ts';
import type { Registry } from '../resources/registry.ts';
import type { Resource } from '../resources/resource.ts';
import type { Stored, Store } from '../storage/store.ts';
import { MODIFIED, alreadyExists, badRequest, conflict, invalid, notFound } from '../status.ts';
import type { Admission, AdmissionAttributes } from './admission.ts';
import { decodeObject } from './decode.ts';
import { type Surroundings, applyAllDefaults, beginLife, checkObject, continueLife, enterNamespace, isGone } from './prepare.ts';
import { type ApiRequest, isDryRun, keyOf, managerOf } from './request.ts';

/** What writing needs. */
export interface WriterParts {
  readonly store: Store;
  readonly registry: Registry;
  readonly admission: Admission;
  readonly around: Surroundings;
}

/** What an update makes of the object that is stored: the new object in the requested version, and who owns what of it, where that is known. */
export interface Step {
  readonly object: KubeObject;
  readonly owners?: readonly Ownership[];
}

/** Computes the next object from the stored one, both in the requested version. */
export type Mutation = (current: KubeObject) => Step;

/** Retries of an update that says no resourceVersion, while others write the same object. */
const ATTEMPTS_MAX = 10;

/** Kinds that an update without resourceVersion creates where they are missing. */
const CREATED_BY_UPDATE = ['endpoints', 'events', 'leases.coordination.k8s.io', 'limitranges', 'services'];

/** Kinds whose updates must say which version they are based on; all custom resources are of them. */
const CONDITIONAL = [
  'customresourcedefinitions.apiextensions.k8s.io',
  'apiservices.apiregistration.k8s.io',
  'leases.coordination.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'poddisruptionbudgets.policy',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
];

/** Creates and updates objects, with everything between the request and the store. */
export class Writer {
  readonly #parts: WriterParts;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /** Creates the object in `body` and returns it in the requested version. */
  async create(request: ApiRequest, body: Json): Promise<KubeObject> {
    const object = decodeObject(request, body);
    if (object.metadata.resourceVersion !== undefined) throw badRequest('resourceVersion should not be set on objects to be created');
    return this.createFrom(request, { object });
  }

  /** Creates a decoded object; `owners` where an apply creates it. */
  async createFrom(request: ApiRequest, { object: sent, owners }: Step): Promise<KubeObject> {
    const { info, resource } = request;
    const { around } = this.#parts;
    const stored = this.#parts.registry.stored(resource);
    let object = clone(resource.conversion?.toStorage(sent) ?? sent);
    enterNamespace(object, { resource, namespace: info.namespace }, around);
    applyAllDefaults(object, stored);
    object = await this.#mutated(request, object, undefined);
    beginLife(object, stored, around);
    checkObject(object, stored, undefined);
    const { name = '' } = object.metadata;
    await this.#parts.admission.validate(this.#attributes(request, { object, oldObject: undefined }));
    const time = timestamp(around.now());
    const manager = managerOf(request, 'Update');
    const managed = owners ?? ownershipAfterUpdate({ before: undefined, after: object, schema: stored.schema, manager, time });
    setOwners(object, managed);
    const bucket = this.#parts.store.bucket(stored.storage);
    const key = keyOf(info.namespace, name);
    if (bucket.get(key) !== undefined) throw alreadyExists(resource, name);
    return this.served(resource, isDryRun(request) ? object : bucket.put(key, object).object);
  }

  /** Replaces an object by the one in `body`, as a PUT does. */
  async update(request: ApiRequest, body: Json): Promise<KubeObject> {
    const { info, resource } = request;
    const object = decodeObject(request, body);
    const { name = '', resourceVersion } = object.metadata;
    if (name !== '' && name !== info.name) {
      throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`);
    }
    const existing = this.#parts.store.bucket(resource.storage).get(keyOf(info.namespace, info.name));
    if (
      existing === undefined &&
      resourceVersion === undefined &&
      CREATED_BY_UPDATE.includes(resource.storage) &&
      info.subresource === ''
    ) {
      return this.createFrom(request, { object: { ...object, metadata: { ...object.metadata, name: info.name } } });
    }
    if (resourceVersion === undefined && (resource.custom !== undefined || CONDITIONAL.includes(resource.storage))) {
      if (existing === undefined) throw notFound(resource, info.name);
      const missing = {
        reason: 'FieldValueInvalid',
        field: 'metadata.resourceVersion',
        message: 'Invalid value: 0x0: must be specified for an update',
      } as const;
      throw invalid(resource, info.name, [missing]);
    }
    return this.change(request, () => ({ object: clone(object) }));
  }

  /** Applies `mutation` to the stored object until nobody wrote it in between. Throws 404 where there is none, 409 where it is based on an older version. */
  async change(request: ApiRequest, mutation: Mutation): Promise<KubeObject> {
    const { info, resource } = request;
    const bucket = this.#parts.store.bucket(resource.storage);
    const key = keyOf(info.namespace, info.name);
    for (let attempt = 1; ; attempt += 1) {
      const current = bucket.get(key);
      if (current === undefined) throw notFound(resource, info.name);
      const next = await this.#successor(request, current, mutation);
      if (isDryRun(request)) return this.served(resource, next);
      // Admission may have waited for a webhook: only what is still based on the stored object is written.
      if (bucket.get(key) === current) return this.served(resource, this.#store(resource, current, next));
      if (attempt === ATTEMPTS_MAX) throw conflict(resource, info.name, MODIFIED);
    }
  }

  /** A stored object in the version of `resource`. */
  served(resource: Resource, object: KubeObject): KubeObject {
    return resource.conversion?.fromStorage(object) ?? object;
  }

  async #successor(request: ApiRequest, current: Stored, mutation: Mutation): Promise<KubeObject> {
    const { info, resource } = request;
    const before = current.object;
    const stored = this.#parts.registry.stored(resource);
    const step = mutation(this.served(resource, before));
    let next = clone(resource.conversion?.toStorage(step.object) ?? step.object);
    checkBase(next, before, request);
    enterSameNamespace(next, info.namespace);
    applyAllDefaults(next, stored);
    const target = { resource: stored, subresource: info.subresource };
    continueLife(next, before, target);
    const mutated = await this.#mutated(request, next, before);
    if (mutated !== next) {
      next = mutated;
      continueLife(next, before, target);
    }
    checkObject(next, stored, before);
    await this.#parts.admission.validate(this.#attributes(request, { object: next, oldObject: before }));
    this.#own(request, { next, before, owners: step.owners });
    return equal(next, before) ? before : next;
  }

  #own(
    request: ApiRequest,
    { next, before, owners }: { next: KubeObject; before: KubeObject; owners: readonly Ownership[] | undefined },
  ): void {
    const schema = this.#parts.registry.stored(request.resource).schema;
    const time = timestamp(this.#parts.around.now());
    setOwners(next, owners ?? ownershipAfterUpdate({ before, after: next, schema, manager: managerOf(request, 'Update'), time }));
  }

  #store(resource: Resource, current: Stored, next: KubeObject): KubeObject {
    const bucket = this.#parts.store.bucket(resource.storage);
    if (isGone(next)) return bucket.delete(current.key, next)?.object ?? next;
    return next === current.object ? next : bucket.put(current.key, next).object;
  }

  async #mutated(request: ApiRequest, object: KubeObject, oldObject: KubeObject | undefined): Promise<KubeObject> {
    const mutated = await this.#parts.admission.mutate(this.#attributes(request, { object, oldObject }));
    if (mutated === undefined || mutated === object) return object;
    const stored = this.#parts.registry.stored(request.resource);
    const decoded = decodeObject({ ...request, resource: stored }, mutated);
    applyAllDefaults(decoded, stored);
    return decoded;
  }

  #attributes(request: ApiRequest, objects: Pick<AdmissionAttributes, 'object' | 'oldObject'>): AdmissionAttributes {
    const { info, user } = request;
    const operation = objects.oldObject === undefined ? 'CREATE' : 'UPDATE';
    const name = info.name === '' ? (objects.object?.metadata.name ?? '') : info.name;
    const resource = this.#parts.registry.stored(request.resource);
    return {
      operation,
      resource,
      subresource: info.subresource,
      namespace: info.namespace,
      name,
      user,
      dryRun: isDryRun(request),
      ...objects,
    };
  }
}

function enterSameNamespace(object: KubeObject, namespace: string): void {
  const own = object.metadata.namespace ?? '';
  if (own !== '' && own !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** Refuses a write that was made for another version, or for another object of the same name. */
function checkBase(next: KubeObject, before: KubeObject, { info, resource }: ApiRequest): void {
  const { uid, resourceVersion, name = info.name } = next.metadata;
  if (name !== info.name) throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`);
  if (uid !== undefined && uid !== before.metadata.uid) {
    throw conflict(
      resource,
      info.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid ?? ''}`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== '0' && resourceVersion !== before.metadata.resourceVersion) {
    throw conflict(resource, info.name, MODIFIED);
  }
}

function setOwners(object: KubeObject, owners: readonly Ownership[]): void {
  const entries = formatOwnership(owners);
  if (entries.length > 0) object.metadata['managedFields'] = entries;
  else delete object.metadata['managedFields'];
}

/** The `Status` with which a delete answers when the object is gone at once. */
export function deletedStatus(resource: Resource, object: KubeObject): Json {
  const { name = '', uid = '' } = object.metadata;
  const group = resource.group === '' ? {} : { group: resource.group };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name, ...group, kind: resource.plural, uid } };
}

/** Reads the preconditions of a delete. Throws 409 where the object is another one than meant. */
export function checkPreconditions(options: Json | undefined, object: KubeObject, resource: Resource): void {
  if (!isObject(options)) return;
  const { name = '', uid = '', resourceVersion = '' } = object.metadata;
  const wanted = { uid: textAt(options, 'preconditions', 'uid'), resourceVersion: textAt(options, 'preconditions', 'resourceVersion') };
  // The real server names the kind here, not the resource.
  const subject = { group: resource.group, plural: resource.kind };
  if (wanted.uid !== '' && wanted.uid !== uid) {
    const why = `the UID in the precondition (${wanted.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflict(subject, name, why);
  }
  if (wanted.resourceVersion !== '' && wanted.resourceVersion !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${wanted.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    throw conflict(subject, name, why);
  }
}
