import type { Source } from './index.ts';
import type { Setting } from './setting.ts';

/** What a file or a variable says of a key, as it says it. */
export interface Given {
  readonly key: string;
  /** Absent for a key that nobody has declared. */
  readonly setting: Setting | undefined;
  readonly source: Source;
  readonly input: unknown;
  /** `/etc/datadog-agent/datadog-cluster.yaml:12`, or the name of a variable. */
  readonly place: string;
}

/** Both readers answer with what they found and what was wrong with it. */
export interface Gathered {
  readonly given: readonly Given[];
  readonly warnings: readonly string[];
}

/** Beyond this many, further unknown names are only counted. */
const unknownMax = 20;

/** A warning for each name, as long as they are few. */
export function warnOfUnknown<T>(names: readonly T[], warn: (name: T) => string): readonly string[] {
  const warnings = names.slice(0, unknownMax).map(warn);
  return names.length > unknownMax ? [...warnings, `and ${names.length - unknownMax} more of these`] : warnings;
}
