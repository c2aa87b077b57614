import { type Json, type JsonObject, type KubeObject, arrayAt, at, isObject, objectAt, textAt, textsAt } from '../json.ts';
import type { Schema } from '../schema/schema.ts';
import { type FieldError, requiredValue, invalidValue } from '../status.ts';
import { ALL_VERBS, type PrinterColumn, type Resource, type ScalePaths } from './resource.ts';

/** The resources, one for each served version, that a CustomResourceDefinition defines; the version to prefer first. */
export function customResources(crd: KubeObject): Resource[] {
  return arrayAt(crd, 'spec', 'versions')
    .filter((version): version is JsonObject => isObject(version) && version['served'] === true)
    .map((version) => customResource(crd, version))
    .toSorted((left, right) => priority(right.version) - priority(left.version));
}

function customResource(crd: KubeObject, version: JsonObject): Resource {
  const names = objectAt(crd, 'spec', 'names');
  const group = textAt(crd, 'spec', 'group');
  const plural = textAt(names, 'plural');
  const name = textAt(version, 'name');
  const kind = textAt(names, 'kind');
  const schema: Schema = objectAt(version, 'schema', 'openAPIV3Schema');
  return {
    group,
    version: name,
    kind,
    plural,
    singular: textAt(names, 'singular') || kind.toLowerCase(),
    shortNames: textsAt(names, 'shortNames'),
    categories: textsAt(names, 'categories'),
    namespaced: textAt(crd, 'spec', 'scope') === 'Namespaced',
    verbs: ALL_VERBS,
    status: at(version, 'subresources', 'status') !== undefined,
    scale: scaleOf(version),
    generation: true,
    fields: arrayAt(version, 'selectableFields').map((field) => textAt(field, 'jsonPath').replace(/^\./, '')),
    subresources: {},
    definition: `${group.split('.').toReversed().join('.')}.${name}.${kind}`,
    schema,
    storage: `${plural}.${group}`,
    // Versions differ in their label only: what the conversion strategy None means.
    conversion: version['storage'] === true ? undefined : relabel(`${group}/${storageVersion(crd)}`, `${group}/${name}`),
    custom: {
      crd: crd.metadata.name ?? '',
      columns: columnsOf(version),
      preserveUnknownFields: at(crd, 'spec', 'preserveUnknownFields') === true,
    },
  };
}

function relabel(stored: string, served: string): Resource['conversion'] {
  return { toStorage: (object) => ({ ...object, apiVersion: stored }), fromStorage: (object) => ({ ...object, apiVersion: served }) };
}

function storageVersion(crd: KubeObject): string {
  return textAt(
    arrayAt(crd, 'spec', 'versions').find((version) => at(version, 'storage') === true),
    'name',
  );
}

function scaleOf(version: JsonObject): ScalePaths | undefined {
  const scale = at(version, 'subresources', 'scale');
  if (scale === undefined) return undefined;
  const selector = textAt(scale, 'labelSelectorPath');
  return { spec: textAt(scale, 'specReplicasPath'), status: textAt(scale, 'statusReplicasPath'), ...(selector === '' ? {} : { selector }) };
}

function columnsOf(version: JsonObject): PrinterColumn[] {
  return arrayAt(version, 'additionalPrinterColumns').map((column) => ({
    name: textAt(column, 'name'),
    type: textAt(column, 'type'),
    jsonPath: textAt(column, 'jsonPath'),
    format: textAt(column, 'format'),
    description: textAt(column, 'description'),
    priority: Number(at(column, 'priority') ?? 0),
  }));
}

/** GA before beta before alpha, and newer before older: the order in which Kubernetes prefers versions. */
function priority(version: string): number {
  const [, major = '0', stage = '', minor = '0'] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
  const rank = { '': 2, beta: 1, alpha: 0 }[stage] ?? 0;
  return version.startsWith('v') ? rank * 1e6 + Number(major) * 1e3 + Number(minor) : -1;
}

/** Fills in, in place, what a CustomResourceDefinition may leave out. */
export function defaultCrd(crd: KubeObject): void {
  const spec = objectAt(crd, 'spec');
  const names = objectAt(spec, 'names');
  const kind = textAt(names, 'kind');
  if (textAt(names, 'singular') === '') names['singular'] = kind.toLowerCase();
  if (textAt(names, 'listKind') === '') names['listKind'] = `${kind}List`;
  spec['conversion'] ??= { strategy: 'None' };
}

/** Marks a CustomResourceDefinition as accepted and served, in place, as the real server's controllers do a moment after the create. */
export function establish(crd: KubeObject, now: string): void {
  const names = objectAt(crd, 'spec', 'names');
  const condition = (type: string, reason: string, message: string): JsonObject => ({
    type,
    status: 'True',
    lastTransitionTime: now,
    reason,
    message,
  });
  const before = objectAt(crd, 'status');
  const conditions = arrayAt(before, 'conditions');
  const established = [
    condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
    condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
  ];
  const stored = new Set([...textsAt(before, 'storedVersions'), storageVersion(crd)]);
  const kept = conditions.length === 0 ? established : conditions;
  crd['status'] = { conditions: kept, acceptedNames: names, storedVersions: [...stored] };
}

/** What is wrong with a CustomResourceDefinition: its names, its versions and the structure of its schemas. */
export function crdErrors(crd: KubeObject): FieldError[] {
  const expected = `${textAt(crd, 'spec', 'names', 'plural')}.${textAt(crd, 'spec', 'group')}`;
  const name = crd.metadata.name ?? '';
  const versions = arrayAt(crd, 'spec', 'versions');
  const errors: FieldError[] = [];
  if (name !== expected) errors.push(invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  if (versions.filter((version) => at(version, 'storage') === true).length !== 1) {
    errors.push(invalidValue('spec.versions', versions, 'must have exactly one version marked as storage version'));
  }
  if (!['Namespaced', 'Cluster'].includes(textAt(crd, 'spec', 'scope'))) errors.push(requiredValue('spec.scope'));
  versions.forEach((version, index) => {
    const path = `spec.versions[${index}].schema.openAPIV3Schema`;
    const schema = at(version, 'schema', 'openAPIV3Schema');
    if (isObject(schema)) errors.push(...structuralErrors(schema, path));
    else errors.push(requiredValue(path, 'schemas are required'));
  });
  return errors;
}

/** A structural schema says the type of every field. */
function structuralErrors(schema: JsonObject, path: string): FieldError[] {
  const free = schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const errors: FieldError[] = [];
  if (textAt(schema, 'type') === '' && !free) errors.push(requiredValue(`${path}.type`, 'must not be empty for specified object fields'));
  if (textAt(schema, 'type') === 'array' && !isObject(schema['items'])) errors.push(requiredValue(`${path}.items`, 'must be specified'));
  const inner: [string, Json | undefined][] = [
    ...Object.entries(objectAt(schema, 'properties')).map(([key, field]): [string, Json] => [`${path}.properties[${key}]`, field]),
    [`${path}.items`, schema['items']],
    [`${path}.additionalProperties`, schema['additionalProperties']],
  ];
  return [...errors, ...inner.flatMap(([where, field]) => (isObject(field) ? structuralErrors(field, where) : []))];
}
