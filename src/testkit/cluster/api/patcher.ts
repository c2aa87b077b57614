import { type Json, type JsonObject, type KubeObject, isObject, textAt } from '../json.ts';
import { jsonPatch } from '../patch/json-patch.ts';
import { mergePatch } from '../patch/merge-patch.ts';
import { fieldsOf } from '../patch/field-set.ts';
import { serverSideApply } from '../patch/server-side-apply.ts';
import { strategicMergePatch } from '../patch/strategic-merge-patch.ts';
import { apiVersionOf } from '../resources/resource.ts';
import { StatusError, badRequest, invalid, notFound, requiredValue } from '../status.ts';
import { timestamp } from '../clock.ts';
import { decodeObject, unsupportedMediaType } from './decode.ts';
import { type ApiRequest, keyOf, managerOf } from './request.ts';
import type { Mutation, Writer, WriterParts } from './writer.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';
const APPLY_PATCH = 'application/apply-patch+yaml';

/** Applies the patch types of the API. */
export class Patcher {
  readonly #writer: Writer;
  readonly #parts: WriterParts;

  constructor(writer: Writer, parts: WriterParts) {
    this.#writer = writer;
    this.#parts = parts;
  }

  /** Patches an object; an apply creates it where it is missing. `created` says whether it did. */
  async patch(request: ApiRequest, body: Json): Promise<{ object: KubeObject; created: boolean }> {
    if (mediaType(request) === APPLY_PATCH) return this.#apply(request, body);
    const patched = patchFunction(request, body);
    const mutation: Mutation = (current) => ({ object: decodeObject(request, patched(current)) });
    return { object: await this.#writer.change(request, mutation), created: false };
  }

  async #apply(request: ApiRequest, body: Json): Promise<{ object: KubeObject; created: boolean }> {
    const { info, resource } = request;
    const applied = decodeApplied(request, body);
    const manager = managerOf(request, 'Apply');
    const time = timestamp(this.#parts.around.now());
    const bucket = this.#parts.store.bucket(resource.storage);
    if (bucket.get(keyOf(info.namespace, info.name)) === undefined) {
      if (info.subresource !== '') throw notFound(resource, info.name);
      const owners = [{ manager, fields: fieldsOf(applied, resource.schema), time }];
      return { object: await this.#writer.createFrom(request, { object: applied, owners }), created: true };
    }
    const force = info.query.get('force') === 'true';
    const object = await this.#writer.change(request, (live) => {
      const result = serverSideApply({ live, applied, schema: resource.schema, manager, force, time });
      return { object: decodeObject(request, result.object), owners: result.owners };
    });
    return { object, created: false };
  }
}

function mediaType({ contentType }: ApiRequest): string {
  return contentType.split(';')[0]?.trim().toLowerCase() ?? '';
}

function decodeApplied(request: ApiRequest, body: Json): KubeObject {
  const { info, resource } = request;
  if (!info.query.has('fieldManager')) {
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [requiredValue('fieldManager', 'is required for apply patch')]);
  }
  if (isObject(body) && Array.isArray(body['metadata'] && isObject(body['metadata']) ? body['metadata']['managedFields'] : undefined)) {
    throw badRequest('metadata.managedFields must be nil');
  }
  const applied = decodeObject(
    request,
    isObject(body) ? { ...body, apiVersion: textAt(body, 'apiVersion') || apiVersionOf(resource) } : body,
  );
  return { ...applied, metadata: { ...applied.metadata, name: info.name } };
}

/** The function that a patch of the request's media type is. Throws 415 for one that the resource does not take. */
export function patchFunction(request: ApiRequest, patch: Json): (target: JsonObject) => Json {
  const { custom, schema } = request.resource;
  switch (mediaType(request)) {
    case JSON_PATCH:
      return (target) => jsonPatch(target, patch);
    case MERGE_PATCH:
      return (target) => mergePatch(target, checkedMerge(patch));
    case STRATEGIC_PATCH:
      if (custom === undefined) return (target) => strategicMergePatch(target, checkedMerge(patch), schema);
      break;
    default:
  }
  const types = [JSON_PATCH, MERGE_PATCH, ...(custom === undefined ? [STRATEGIC_PATCH] : []), APPLY_PATCH];
  throw unsupportedMediaType(types);
}

function checkedMerge(patch: Json): JsonObject {
  if (isObject(patch)) return patch;
  throw new StatusError({
    code: 400,
    reason: 'BadRequest',
    message: 'error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}',
  });
}
