import { readFileSync } from 'node:fs';

/** What of a source map says where lines begin. */
export interface SourceMap {
  /** Relative to the root of the project. */
  readonly sources: readonly string[];
  readonly mappings: string;
}

export interface SourceLine {
  /** From the root of the project. */
  readonly file: string;
  readonly line: number;
}

/** Numbers of one entry: generated line and column, index of the source, its line; lines and columns count from 0. */
const width = 4;
/** In an entry, instead of a source: what follows is none of ours. */
const foreign = 0xff_ff_ff_ff;

/**
 * Where each line of our own sources begins in a bundled file, to be written beside it. A source map says it too, but reading
 * one costs as much time and memory as a good part of a start.
 */
export function encodeSourceLines({ sources, mappings }: SourceMap): Buffer {
  const entries: number[] = [];
  let last = [foreign, 0];
  for (const [line, column, source, sourceLine] of segmentsOf(mappings)) {
    const isOurs = !(sources[source] ?? 'node_modules/').includes('node_modules/');
    const now = isOurs ? [source, sourceLine] : [foreign, 0];
    if (now[0] === last[0] && now[1] === last[1]) continue;
    entries.push(line, column, ...now);
    last = now;
  }
  const names = Buffer.from(JSON.stringify(sources));
  return Buffer.concat([Buffer.from(Uint32Array.of(entries.length).buffer), Buffer.from(Uint32Array.from(entries).buffer), names]);
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Generated line and column, source and its line, of each segment of a source map that has a source. */
function* segmentsOf(mappings: string): Iterable<[line: number, column: number, source: number, sourceLine: number]> {
  let [source, sourceLine] = [0, 0];
  for (const [line, segments] of mappings.split(';').entries()) {
    let column = 0;
    for (const segment of segments.split(',').filter((text) => text !== '')) {
      const [byColumn = 0, bySource, byLine = 0] = numbersIn(segment);
      column += byColumn;
      if (bySource === undefined) continue;
      source += bySource;
      sourceLine += byLine;
      yield [line, column, source, sourceLine];
    }
  }
}

/** Base64 VLQ: five bits a digit, the lowest first; the first bit of all is the sign. */
function numbersIn(segment: string): number[] {
  const numbers: number[] = [];
  let [value, shift] = [0, 0];
  for (const digit of segment) {
    const bits = digits.indexOf(digit);
    value += (bits & 31) << shift;
    shift += 5;
    if (bits >= 32) continue;
    numbers.push((value & 1) === 1 ? -(value >> 1) : value >> 1);
    [value, shift] = [0, 0];
  }
  return numbers;
}

/** Reads what {@link encodeSourceLines} wrote to the file beside a bundled one, `<file>.lines`, when it is first asked for. */
export class SourceLines {
  readonly #tables = new Map<string, Table | undefined>();

  /**
   * @param path of the bundled file
   * @param line counted from 1, as is the column
   * @returns undefined where the file is not a bundled one, or that part of it none of ours
   */
  find(path: string, line: number, column: number): SourceLine | undefined {
    if (!this.#tables.has(path)) this.#tables.set(path, readTable(path));
    return this.#tables.get(path)?.find(line - 1, column - 1);
  }
}

class Table {
  readonly #entries: Uint32Array;
  readonly #sources: readonly string[];

  constructor(file: Buffer) {
    const count = file.readUInt32LE(0);
    const end = 4 + 4 * count;
    this.#entries = new Uint32Array(file.buffer, file.byteOffset + 4, count);
    this.#sources = JSON.parse(file.toString('utf8', end)) as string[];
  }

  find(line: number, column: number): SourceLine | undefined {
    const entries = this.#entries;
    let [from, to] = [0, entries.length / width];
    while (from < to) {
      const middle = (from + to) >> 1;
      const [at = 0, atColumn = 0] = entries.subarray(middle * width);
      if (at < line || (at === line && atColumn <= column)) from = middle + 1;
      else to = middle;
    }
    if (from === 0) return undefined;
    const [, , source = foreign, sourceLine = 0] = entries.subarray((from - 1) * width);
    const file = this.#sources[source];
    return file === undefined ? undefined : { file, line: sourceLine + 1 };
  }
}

function readTable(path: string): Table | undefined {
  try {
    return new Table(readFileSync(`${path}.lines`));
  } catch {
    return undefined; // the sources run as they are
  }
}
