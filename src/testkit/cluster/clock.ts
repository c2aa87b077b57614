/** The server's wall clock: every timestamp that it writes and every token that it judges. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

/** `at` as Kubernetes writes times: RFC 3339 in UTC with second precision. */
export function timestamp(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
