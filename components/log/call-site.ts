import { getCallSites } from 'node:util';
import { SourceLines } from '../../src/source-lines.ts';
import type { LogRecord } from './index.ts';

export type CallSite = Pick<LogRecord, 'file' | 'line' | 'function'>;

/** Folders that a path is shown from. */
const roots = ['/components/', '/src/', '/node_modules/', '/examples/', '/test/'];

/** Where a message comes from. In the bundle too it names the source. */
export class CallSites {
  readonly #lines = new SourceLines();

  /**
   * Where the function that asks was called from.
   *
   * @param between how many calls lie between the one that asks and the one that is wanted
   */
  find(between: number): CallSite {
    const frame = getCallSites(between + 3).at(between + 2);
    if (frame === undefined) return { file: 'unknown', line: 0, function: 'unknown' };
    const { scriptName, lineNumber, columnNumber, functionName } = frame;
    const { file, line } = this.#lines.find(scriptName, lineNumber, columnNumber) ?? { file: shortPath(scriptName), line: lineNumber };
    return { file, line, function: functionName === '' ? 'anonymous' : functionName };
  }
}

function shortPath(path: string): string {
  const root = Math.max(...roots.map((each) => path.lastIndexOf(each)));
  return path.slice((root === -1 ? path.lastIndexOf('/') : root) + 1);
}
