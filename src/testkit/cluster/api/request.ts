import type { RequestInfo } from '../http/request-info.ts';
import type { Manager } from '../patch/managed-fields.ts';
import { type Resource, apiVersionOf } from '../resources/resource.ts';
import type { User } from '../security/user.ts';
import { StatusError, badRequest } from '../status.ts';

/** A request for a resource, after routing. */
export interface ApiRequest {
  readonly info: RequestInfo;
  readonly resource: Resource;
  readonly user: User;
  readonly contentType: string;
  readonly userAgent: string;
  /** Adds a `Warning` header to the answer. */
  readonly warn: (text: string) => void;
}

/** Whether the request only asks what would happen. Throws 400 for a value that the API does not know. */
export function isDryRun({ info }: ApiRequest): boolean {
  const values = info.query.getAll('dryRun');
  if (values.some((value) => value !== 'All'))
    throw badRequest(`dryRun: Unsupported value: ${JSON.stringify(values)}: supported values: "All"`);
  return values.length > 0;
}

/** Who the managedFields say makes this write. */
export function managerOf({ info, resource, userAgent }: ApiRequest, operation: Manager['operation']): Manager {
  const fallback = userAgent.split('/')[0] ?? '';
  const name = info.query.get('fieldManager') ?? (fallback === '' ? 'unknown' : fallback);
  return { name, operation, apiVersion: apiVersionOf(resource), subresource: info.subresource };
}

/** How unknown fields are met. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** What the request wants done about unknown fields; like the real server since 1.25, a warning unless it says otherwise. */
export function fieldValidationOf({ info }: ApiRequest): FieldValidation {
  const wanted = info.query.get('fieldValidation') ?? '';
  if (wanted === '') return 'Warn';
  if (wanted === 'Ignore' || wanted === 'Warn' || wanted === 'Strict') return wanted;
  const message = `fieldValidation: Unsupported value: ${JSON.stringify(wanted)}: supported values: "Ignore", "Strict", "Warn"`;
  throw new StatusError({ code: 422, reason: 'Invalid', message });
}

/** The key of an object in its bucket. */
export function keyOf(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}
