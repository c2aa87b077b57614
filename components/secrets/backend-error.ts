/** The backend, or what it answered, is no good. Names handles, never secrets. */
export class SecretBackendError extends Error {
  override readonly name = 'SecretBackendError';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
