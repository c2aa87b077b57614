import { type Json, type JsonObject, type KubeObject, arrayAt, isObject, objectAt, textAt } from '../json.ts';
import type { Schema } from '../schema/schema.ts';
import { type FieldSet, difference, formatFields, minus, parseFields, union } from './field-set.ts';

/** Who writes, as managedFields records it. */
export interface Manager {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  /** The subresource through which it writes; `''` for the object itself. */
  readonly subresource: string;
}

/** One manager and what it owns. */
export interface Ownership {
  readonly manager: Manager;
  readonly fields: FieldSet;
  /** When the ownership changed last, as text. */
  readonly time: string;
}

/** What the metadata of an object says of its managers. */
export function readOwnership(object: KubeObject): Ownership[] {
  return arrayAt(object.metadata, 'managedFields')
    .filter((entry): entry is JsonObject => isObject(entry) && textAt(entry, 'operation') !== '')
    .map((entry) => ({
      manager: {
        name: textAt(entry, 'manager'),
        operation: textAt(entry, 'operation') === 'Apply' ? 'Apply' : 'Update',
        apiVersion: textAt(entry, 'apiVersion'),
        subresource: textAt(entry, 'subresource'),
      },
      fields: parseFields(objectAt(entry, 'fieldsV1')),
      time: textAt(entry, 'time'),
    }));
}

/** The `managedFields` for `owners`, without those that own nothing. */
export function formatOwnership(owners: readonly Ownership[]): Json[] {
  return owners
    .filter(({ fields }) => fields.size > 0)
    .map(({ manager, fields, time }) => ({
      manager: manager.name,
      operation: manager.operation,
      apiVersion: manager.apiVersion,
      time,
      fieldsType: 'FieldsV1',
      fieldsV1: formatFields(fields),
      ...(manager.subresource === '' ? {} : { subresource: manager.subresource }),
    }));
}

/** Whether two entries speak of the same manager. */
export function sameManager(left: Manager, right: Manager): boolean {
  return (
    left.name === right.name &&
    left.operation === right.operation &&
    left.apiVersion === right.apiVersion &&
    left.subresource === right.subresource
  );
}

/** A write that is not an apply. */
export interface Update {
  /** The stored object; undefined for a create. */
  readonly before: KubeObject | undefined;
  readonly after: KubeObject;
  readonly schema: Schema;
  readonly manager: Manager;
  readonly time: string;
}

/** The owners after a write: the writer takes what it changed, whoever owned it. */
export function ownershipAfterUpdate({ before, after, schema, manager, time }: Update): Ownership[] {
  const { changed, removed } = difference(before ?? {}, after, schema);
  const owners = before === undefined ? [] : readOwnership(before);
  if (changed.size === 0 && removed.size === 0) return owners;
  const own = owners.find((owner) => sameManager(owner.manager, manager));
  const taken = union(changed, removed);
  const others = owners.filter((owner) => owner !== own).map((owner) => ({ ...owner, fields: minus(owner.fields, taken) }));
  const fields = union(minus(own?.fields ?? new Set(), removed), changed);
  return [...others, { manager, fields, time: own !== undefined && fields.size === own.fields.size ? own.time : time }];
}
