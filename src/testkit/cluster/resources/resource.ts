import type { KubeObject } from '../json.ts';
import type { Schema } from '../schema/schema.ts';

/** What a request may do with a resource. */
export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

/** Every verb, in the order in which discovery names them. */
export const ALL_VERBS: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** Where the scale subresource finds its numbers: JSON paths with a leading dot. */
export interface ScalePaths {
  readonly spec: string;
  readonly status: string;
  /** A field that holds the selector as text (custom resources); the built-in kinds' label selector object is found by itself. */
  readonly selector?: string;
}

/** A column that a custom resource adds to its table. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
}

/** How one served version differs from the stored one. */
export interface Conversion {
  toStorage(object: KubeObject): KubeObject;
  fromStorage(object: KubeObject): KubeObject;
}

/** What a custom resource has that a built-in one has not. */
interface CustomPart {
  /** The name of its CustomResourceDefinition. */
  readonly crd: string;
  readonly columns: readonly PrinterColumn[];
  readonly preserveUnknownFields: boolean;
}

/** One served version of one resource: everything the server knows of it. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  /** Whether `/status` exists, and only it writes `status`. */
  readonly status: boolean;
  readonly scale: ScalePaths | undefined;
  /** Whether a change of anything but metadata and status counts up `metadata.generation`. */
  readonly generation: boolean;
  /** Fields that a field selector may name besides metadata.name and metadata.namespace, dotted. */
  readonly fields: readonly string[];
  /** Other subresources, with the kind that each of them takes. */
  readonly subresources: Readonly<Record<string, { kind: string; group?: string; version?: string; verbs: readonly string[] }>>;
  /** The name of its type in the OpenAPI document. */
  readonly definition: string;
  readonly schema: Schema;
  /** The bucket that holds it: shared by all versions of one resource. */
  readonly storage: string;
  readonly conversion: Conversion | undefined;
  readonly custom: CustomPart | undefined;
}

/** `group/version`, or the version alone for the core group. */
export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}
