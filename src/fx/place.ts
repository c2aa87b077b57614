import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where in the source something was written: the frame that called `above`.
 *
 * Capturing costs about two microseconds; the text is made only when somebody reads it.
 */
export class Place {
  declare private readonly stack?: string;

  /** @param above the public function whose caller is meant; it and all frames below it are left out */
  // oxlint-disable-next-line typescript/no-unsafe-function-type -- what Error.captureStackTrace takes
  constructor(above: Function) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 1;
    Error.captureStackTrace(this, above);
    Error.stackTraceLimit = stackTraceLimit;
  }

  /** `components/log/winston.ts:12`, relative to the working directory where the file lies below it. */
  toString(): string {
    return placeIn(this.stack) ?? 'unknown place';
  }
}

/** Names of folders may hold brackets; those of functions hold no slash. */
const frame = /^ *at (?!.*\bnode:)(?:async )?(?:[^/]*? \()?(.+?):(\d+):\d+\)?$/m;

/** The innermost frame of a stack that is not Node's own, as text; undefined where there is none. */
export function placeIn(stack = ''): string | undefined {
  const [, path, line] = frame.exec(stack) ?? [];
  if (path === undefined) return undefined;
  const file = path.startsWith('file:') ? fileURLToPath(path) : path;
  const below = relative(process.cwd(), file);
  return `${below.startsWith('..') ? file : below}:${line}`;
}
