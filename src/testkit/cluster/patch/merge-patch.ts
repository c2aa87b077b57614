import { type Json, type JsonObject, clone, isObject } from '../json.ts';

/** RFC 7386: fields of `patch` replace those of `target`, null removes. Neither is changed. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return clone(patch);
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key] ?? null, value);
  }
  return result;
}
