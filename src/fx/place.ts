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

  /** Absolute path of the file, or undefined where the engine gives no frame. */
  get file(): string | undefined {
    const path = this.#frame?.[1];
    return path?.startsWith('file:') ? fileURLToPath(path) : path;
  }

  /** `components/log/winston.ts:12`, relative to the working directory where the file lies below it. */
  toString(): string {
    const { file } = this;
    if (file === undefined) return 'unknown place';
    const below = relative(process.cwd(), file);
    return `${below.startsWith('..') ? file : below}:${this.#frame?.[2]}`;
  }

  get #frame(): RegExpExecArray | null {
    return /(?:\(|at (?:async )?)([^()]+?):(\d+):\d+\)?$/.exec(this.stack ?? '');
  }
}
