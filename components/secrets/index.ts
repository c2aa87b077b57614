import { inspect } from 'node:util';
import { token } from '../../src/fx/index.ts';

const mask = '********';

/** A text that no print, log or JSON shows; only {@link reveal} gives it away. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself. Hand it only to what needs it. */
  reveal(): string {
    return this.#value;
  }

  get isEmpty(): boolean {
    return this.#value === '';
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }

  [inspect.custom](): string {
    return mask;
  }
}

/** The handle of a text `ENC[handle]`, around which there may be spaces and tabs; `undefined` for any other text. */
export function handleOf(text: string): string | undefined {
  const trimmed = text.trim();
  return trimmed.startsWith('ENC[') && trimmed.endsWith(']') ? trimmed.slice(4, -1) : undefined;
}

/** A setting or check configuration whose secret has a new value. */
export interface SecretChange {
  readonly handle: string;
  /** Who asked for it: `datadog-cluster.yaml`, or the name of a check's configuration. */
  readonly origin: string;
  /** Where in it the handle stands. */
  readonly path: readonly string[];
  readonly value: string;
}

/** Resolves `ENC[handle]` through `secret_backend_command`. */
export interface Secrets {
  /**
   * A copy of plain data in which every text `ENC[handle]` is replaced by its secret.
   *
   * @throws Error that names the handle and the origin, never the secret
   */
  resolve(data: unknown, origin: string): Promise<unknown>;
  /** Asks the backend anew for every handle that may change. @returns a report in words, without values */
  refresh(): Promise<string>;
  subscribe(listener: (change: SecretChange) => void): () => void;
}
export const Secrets = token<Secrets>()('secrets');
