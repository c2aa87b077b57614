import { handleOf } from './index.ts';

/** A text `ENC[handle]` in plain data. */
export interface Found {
  readonly handle: string;
  readonly path: readonly string[];
}

/** Every handle in the values of plain data; keys are never looked at. */
export function handlesIn(data: unknown, path: readonly string[] = []): readonly Found[] {
  if (typeof data === 'string') {
    const handle = handleOf(data);
    return handle === undefined ? [] : [{ handle, path }];
  }
  if (typeof data !== 'object' || data === null) return [];
  return Object.entries(data).flatMap(([key, value]) => handlesIn(value, [...path, key]));
}

/** A copy of plain data in which handles that are known have become secrets. */
export function withSecrets(data: unknown, secrets: ReadonlyMap<string, string>): unknown {
  if (typeof data === 'string') return secrets.get(handleOf(data) ?? '') ?? data;
  if (Array.isArray(data)) return data.map((each) => withSecrets(each, secrets));
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, withSecrets(value, secrets)]));
}

/** What stands at a path. */
export function valueAt(data: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
    data,
  );
}

/** A copy of plain data with another value at a path. */
export function withValueAt(data: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(data)) return data.map((each, index) => (String(index) === key ? withValueAt(each, rest, value) : each));
  const record: Readonly<Record<string, unknown>> = typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
  return { ...record, [key]: withValueAt(record[key], rest, value) };
}
