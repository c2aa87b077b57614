import type { Json, JsonObject } from './json.ts';

/** One entry of a Status' `details.causes`. */
interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/** What a Status says beyond its code and message. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly Cause[];
  readonly retryAfterSeconds?: number;
}

/** A group and a resource in plural, as error messages name them: `deployments.apps`, `pods`. */
export interface GroupResource {
  readonly group: string;
  readonly plural: string;
}

interface Failure {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: StatusDetails;
  /** Fields for the Status' own metadata, such as the continue token of an expired list. */
  readonly metadata?: JsonObject;
}

/** A refusal that the client is told as a `Status` object. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  readonly #metadata: JsonObject;

  constructor({ code, reason, message, details, metadata = {} }: Failure) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.#metadata = metadata;
  }

  /** The Status object, as on the wire. */
  toJson(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.#metadata,
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: detailsJson(this.details) }),
      code: this.code,
    };
  }
}

function detailsJson({ causes, ...rest }: StatusDetails): JsonObject {
  const plain: JsonObject = {};
  for (const [key, value] of Object.entries(rest)) plain[key] = value;
  return causes === undefined ? plain : { ...plain, causes: causes.map((cause): JsonObject => ({ ...cause })) };
}

/** `plural.group`, or `plural` alone for the core group. */
export function qualified({ group, plural }: GroupResource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function naming({ group, plural }: GroupResource, name: string): StatusDetails {
  return { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: plural };
}

/** 404 for one object. */
export function notFound(resource: GroupResource, name: string): StatusError {
  const message = `${qualified(resource)} "${name}" not found`;
  return new StatusError({ code: 404, reason: 'NotFound', message, details: naming(resource, name) });
}

/** 404 for a path that no resource serves. */
export function noSuchPath(): StatusError {
  const message = 'the server could not find the requested resource';
  return new StatusError({ code: 404, reason: 'NotFound', message, details: {} });
}

/** 409 for a create of a name that is taken. */
export function alreadyExists(resource: GroupResource, name: string): StatusError {
  const message = `${qualified(resource)} "${name}" already exists`;
  return new StatusError({ code: 409, reason: 'AlreadyExists', message, details: naming(resource, name) });
}

/** 409 for a write whose base is out of date. */
export function conflict(resource: GroupResource, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`;
  return new StatusError({ code: 409, reason: 'Conflict', message, details: naming(resource, name) });
}

/** Why an update without a matching resourceVersion is refused. */
export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

/** 400 */
export function badRequest(message: string): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message });
}

/** 405 for a verb that the resource does not have. */
export function methodNotAllowed(): StatusError {
  const message = 'the server does not allow this method on the requested resource';
  return new StatusError({ code: 405, reason: 'MethodNotAllowed', message, details: {} });
}

/** 401 */
export function unauthorized(): StatusError {
  return new StatusError({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
}

/** 410 for a watch or a list at a version that is no longer kept. */
export function expired(message: string, metadata: JsonObject = {}): StatusError {
  return new StatusError({ code: 410, reason: 'Expired', message, metadata });
}

/** 504 for a read at a version that does not exist yet. */
export function tooLargeResourceVersion(wanted: number, current: number): StatusError {
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
  const message = `Timeout: Too large resource version: ${wanted}, current: ${current}`;
  return new StatusError({ code: 504, reason: 'Timeout', message, details: { causes, retryAfterSeconds: 1 } });
}

/** A field that breaks a rule: what `invalid` lists. */
export interface FieldError {
  readonly reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueTypeInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate'
    | 'FieldValueForbidden';
  /** Dotted path with indexes in brackets. */
  readonly field: string;
  /** The message without the field's path. */
  readonly message: string;
}

/** 422 with one cause for each of `errors`. `kind` is the object's kind. */
export function invalid(kind: { group: string; kind: string }, name: string, errors: readonly FieldError[]): StatusError {
  const lines = errors.map((error) => `${error.field}: ${error.message}`);
  const list = lines.length === 1 ? lines.join('') : `[${lines.join(', ')}]`;
  const subject = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${subject} "${name}" is invalid: ${list}`,
    details: {
      ...(name === '' ? {} : { name }),
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.kind,
      causes: errors.map(({ reason, field, message }) => ({ reason, message, field })),
    },
  });
}

/** `Invalid value: ...: why`, with the value as the real server prints it. */
export function invalidValue(field: string, value: Json, why: string): FieldError {
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${JSON.stringify(value)}: ${why}` };
}

/** `Required value`, with a reason where one is given. */
export function requiredValue(field: string, why = ''): FieldError {
  return { reason: 'FieldValueRequired', field, message: why === '' ? 'Required value' : `Required value: ${why}` };
}
