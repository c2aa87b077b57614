import type { JsonObject, KubeObject, Json } from '../json.ts';
import { arrayAt, at, isObject, textAt } from '../json.ts';
import type { PrinterColumn, Resource } from '../resources/resource.ts';
import { type Cell, type Column, ageOf } from './column-kit.ts';
import { builtinColumns } from './columns.ts';

/** What goes into a table's rows besides the cells. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** The metadata of an object alone. */
export function partialMetadata(object: KubeObject): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

/** How a table is made. */
export interface TableOptions {
  readonly resource: Resource;
  readonly include: IncludeObject;
  /** Milliseconds since 1970, for ages. */
  readonly now: number;
}

/** Objects as the rows that `kubectl get` prints. */
export function table(objects: readonly KubeObject[], metadata: JsonObject, options: TableOptions): JsonObject {
  const { resource, include, now } = options;
  const columns = columnsOf(resource);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns.map(({ name, type, format = '', description, priority = 0 }) => ({
      name,
      type,
      format,
      description,
      priority,
    })),
    rows: objects.map((object) => ({ cells: columns.map(({ cell }) => cell(object, now)), ...included(object, include) })),
  };
}

function included(object: KubeObject, include: IncludeObject): JsonObject {
  if (include === 'None') return {};
  return { object: include === 'Object' ? object : partialMetadata(object) };
}

function columnsOf(resource: Resource): readonly Column[] {
  const name: Column = {
    name: 'Name',
    type: 'string',
    format: 'name',
    description: 'Name must be unique within a namespace.',
    cell: ({ metadata }) => metadata.name ?? '',
  };
  const age: Column = { name: 'Age', type: 'date', description: 'Time since the object was created.', cell: ageOf };
  if (resource.custom === undefined) return [name, ...(builtinColumns[resource.storage] ?? [{ ...age, name: 'Age', type: 'string' }])];
  const own = resource.custom.columns.map(customColumn);
  return [name, ...(own.length === 0 ? [age] : own)];
}

function customColumn({ name, type, format = '', description = '', priority = 0, jsonPath }: PrinterColumn): Column {
  const path = stepsOf(jsonPath);
  const cell = (object: KubeObject, now: number): Cell => {
    const [found] = walk(object, path);
    if (type !== 'date') return scalar(found, type);
    return typeof found === 'string' ? ageOf({ ...object, metadata: { creationTimestamp: found } }, now) : '<unknown>';
  };
  return { name, type, format, description, priority, cell };
}

function scalar(value: Json | undefined, type: string): Cell {
  if (value === undefined || value === null) return null;
  if (typeof value === 'object') return type === 'string' ? JSON.stringify(value) : null;
  return type === 'string' ? String(value) : value;
}

type Step = string | { readonly key: string; readonly value: string };

const FILTER = /^\?\(@\.([\w.-]+)\s*==\s*["']([^"']*)["']\)$/;

/** Reads the JSON paths that CRDs use: fields, quoted fields, indexes, `*` and equality filters. */
function stepsOf(jsonPath: string): Step[] {
  const found = jsonPath.matchAll(/\.((?:\\.|[^.[\]])+)|\[([^\]]+)\]/g);
  return [...found].map(([, field, bracket = '']): Step => {
    if (field !== undefined) return field.replaceAll('\\', '');
    const filter = FILTER.exec(bracket);
    return filter === null ? bracket.replaceAll(/["']/g, '') : { key: filter[1] ?? '', value: filter[2] ?? '' };
  });
}

function walk(root: Json, steps: readonly Step[]): Json[] {
  let found: Json[] = [root];
  for (const step of steps) found = found.flatMap((value) => stepInto(value, step));
  return found;
}

function stepInto(value: Json, step: Step): Json[] {
  if (typeof step === 'object') return arrayAt(value).filter((item) => textAt(item, ...step.key.split('.')) === step.value);
  if (step === '*') return Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
  const next = Array.isArray(value) ? value.at(Number(step)) : at(value, step);
  return next === undefined ? [] : [next];
}
