import { type Operation, applyPatch } from 'rfc6902';
import { type Json, clone, isObject } from '../json.ts';
import { StatusError, badRequest } from '../status.ts';

/** A patch of more operations than this is refused by the real server too. */
const OPERATIONS_MAX = 10_000;

/** RFC 6902. `target` is not changed. Throws 400 for something that is no patch, 422 for one that cannot be applied. */
export function jsonPatch(target: Json, patch: Json): Json {
  if (!isOperations(patch)) throw badRequest('json patch: a patch is an array of operations');
  if (patch.length > OPERATIONS_MAX) {
    throw badRequest(`The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${patch.length}`);
  }
  const document = { root: clone(target) };
  const prefixed = patch.map((operation) => prefix(operation));
  const failure = applyPatch(document, prefixed).find((result) => result !== null);
  if (failure !== undefined) {
    const message = 'the server rejected our request due to an error in our request';
    throw new StatusError({ code: 422, reason: 'Invalid', message, details: {} });
  }
  return document.root;
}

/** The library changes the document in place, so replacing the whole of it needs a box around it. */
function prefix(operation: Operation): Operation {
  const path = `/root${operation.path}`;
  return 'from' in operation ? { ...operation, path, from: `/root${operation.from}` } : { ...operation, path };
}

const NAMES = ['add', 'remove', 'replace', 'move', 'copy', 'test'];

function isOperations(patch: unknown): patch is Operation[] {
  if (!Array.isArray(patch)) return false;
  return patch.every((item: unknown) => isObject(item) && NAMES.some((name) => name === item['op']) && typeof item['path'] === 'string');
}
