/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  [key: string]: Json;
}

/** Metadata of a Kubernetes object, the fields that the server itself reads. */
export interface ObjectMeta extends JsonObject {
  name?: string;
  namespace?: string;
  generateName?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
}

/** A Kubernetes object as it stands on the wire. */
export interface KubeObject extends JsonObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** Whether `value` is a JSON object, and not an array or null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at `path`, or undefined where a step of it is missing. */
export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let current = value;
  for (const step of path) {
    if (!isObject(current)) return undefined;
    current = current[step];
  }
  return current;
}

/** The object at `path`; an empty one that is not part of `value` where there is none. */
export function objectAt(value: Json | undefined, ...path: readonly string[]): JsonObject {
  const found = at(value, ...path);
  return isObject(found) ? found : {};
}

/** The array at `path`; an empty one where there is none. */
export function arrayAt(value: Json | undefined, ...path: readonly string[]): Json[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The string at `path`; `''` where there is none. */
export function textAt(value: Json | undefined, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : '';
}

/** The number at `path`, or undefined. */
export function numberAt(value: Json | undefined, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** The strings of the array at `path`. */
export function textsAt(value: Json | undefined, ...path: readonly string[]): string[] {
  return arrayAt(value, ...path).filter((item) => typeof item === 'string');
}

/** The string values of the object at `path`, such as labels. */
export function textMapAt(value: Json | undefined, ...path: readonly string[]): Record<string, string> {
  const pairs = Object.entries(objectAt(value, ...path));
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
}

/** Writes `value` at `path` of `target`, making the objects on the way. Removes the field where `value` is undefined. */
export function put(target: JsonObject, path: readonly string[], value: Json | undefined): void {
  let current = target;
  for (const step of path.slice(0, -1)) {
    const next = current[step];
    if (isObject(next)) {
      current = next;
    } else {
      if (value === undefined) return;
      const made: JsonObject = {};
      current[step] = made;
      current = made;
    }
  }
  const last = path.at(-1);
  if (last === undefined) return;
  if (value === undefined) delete current[last];
  else current[last] = value;
}

/** A deep copy. Much faster than structuredClone for the small trees of an API object. */
export function clone<T extends Json>(value: T): T;
export function clone(value: Json): Json {
  return copy(value);
}

function copy(value: Json): Json {
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== 'object' || value === null) return value;
  const result: JsonObject = {};
  for (const key of Object.keys(value)) result[key] = copy(value[key] ?? null);
  return result;
}

/** Deep equality; the order of an object's fields means nothing. */
export function equal(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (Array.isArray(left)) {
    return Array.isArray(right) && left.length === right.length && left.every((item, index) => equal(item, right[index]));
  }
  if (!isObject(left) || !isObject(right)) return false;
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => Object.hasOwn(right, key) && equal(left[key], right[key]));
}
