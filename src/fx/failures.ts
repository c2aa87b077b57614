import { errorOf, findingsOf, messageOf, type Finding, type FxError } from './errors.ts';

/** What a start failed of. Components that were merely interrupted because another failed are not to blame. */
export function findingsIn(error: unknown): readonly [Finding, ...Finding[]] {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  const findings = errors.flatMap((each) => findingsOf(each, unexpected));
  const guilty = findings.filter(isGuilty);
  const [first = unexpected(error), ...others] = guilty.length > 0 ? guilty : findings.slice(0, 1);
  return [first, ...others];
}

export function failureOf(findings: readonly Finding[]): { readonly error?: FxError } {
  const error = errorOf(findings);
  return error === undefined ? {} : { error };
}

/** A start that was ended by a stop has not failed; what could not be stopped has. */
export function rethrowFailedStops(error: unknown): void {
  const failure = errorOf(findingsIn(error).filter(isGuilty));
  if (failure !== undefined) throw failure;
}

const isGuilty = ({ code }: Finding): boolean => code !== 'FX_INTERRUPTED';

function unexpected(cause: unknown): Finding {
  const message = `the framework itself failed: ${messageOf(cause)}`;
  return { code: 'FX_STATE', message, fix: 'report this as a bug of the framework', cause };
}
