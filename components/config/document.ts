import type { Document, LineCounter, Pair, Scalar, YAMLError, YAMLMap } from 'yaml';
import { unreadable } from './file.ts';

/** A number, and how it was written: `1.10` and keys of nothing but digits lose something as numbers. */
class WrittenNumber {
  readonly value: number;
  readonly text: string;

  constructor(value: number, text: string) {
    this.value = value;
    this.text = text;
  }
}

/** A file's content, and where in it things stand. */
export interface Content {
  readonly root: Readonly<Record<string, unknown>>;
  /** `/etc/datadog-agent/datadog-cluster.yaml:12` */
  place(path: readonly string[]): string;
  /** A value of it as plain data; numbers that lose something become text if `asWritten`. */
  plain(value: unknown, asWritten: boolean): unknown;
  readonly warnings: readonly string[];
}

const aliasesMax = 100;

/**
 * Reads YAML without letting it grow: aliases are counted, nesting is bounded.
 *
 * @throws ConfigFileError that names the file, the line and what to do, never what the file says
 */
export async function readDocument(text: string, path: string): Promise<Content> {
  const { default: yaml } = await import('yaml');
  const lines = new yaml.LineCounter();
  try {
    const document = yaml.parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      merge: true,
      logLevel: 'error',
    });
    const error = document.errors.find(({ code }) => code !== 'MULTIPLE_DOCS');
    if (error !== undefined) throw unreadable(path, brokenAt(error, lines));
    const warnings = document.errors.map(({ pos: [offset] }) => `${path}:${lines.linePos(offset).line}: only the first document is read`);
    yaml.visit(document, {
      Scalar: (_, scalar) => keepText(scalar),
      Map: (_, map) => void warnings.push(...duplicatesOf(map, path, lines)),
    });
    const root: unknown = document.toJS({ maxAliasCount: aliasesMax }) ?? {};
    if (!isRecord(root)) throw unreadable(path, 'line 1: it must consist of keys and values, such as "site: datadoghq.com"');
    const lineOf = lineFinder(document, lines);
    return { root, warnings, plain, place: (keys) => `${path}${lineOf(keys)}` };
  } catch (error) {
    if (error instanceof RangeError) throw unreadable(path, 'it is nested too deeply; is it the right file?');
    if (error instanceof ReferenceError) throw unreadable(path, `its aliases refer to too much, or to nothing; write the values out`);
    throw error;
  }
}

const hints: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  BAD_INDENT: 'the indentation does not fit the lines above',
  TAB_AS_INDENT: 'indent with spaces, not with tabs',
  MISSING_CHAR: 'a quote, bracket, colon or comma is missing here or above',
  BAD_DQ_ESCAPE: 'a backslash in double quotes begins no known escape; use single quotes',
  BAD_SCALAR_START: 'put quotes around a value that begins with @, ` or %',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line; a colon or a closing quote is missing here or above',
  BLOCK_AS_IMPLICIT_KEY: 'a key has two values; put quotes around a value that contains ": ", or correct the indentation',
};

function brokenAt({ code, pos: [offset] }: YAMLError, lines: LineCounter): string {
  return `line ${lines.linePos(offset).line}: ${hints[code] ?? 'this is not YAML'} (${code})`;
}

function keepText(scalar: Scalar): void {
  const { value, source } = scalar;
  if (typeof value === 'number' && source !== undefined && String(value) !== source) scalar.value = new WrittenNumber(value, source);
}

function plain(value: unknown, asWritten: boolean): unknown {
  if (value instanceof WrittenNumber) return asWritten ? value.text : value.value;
  if (Array.isArray(value)) return value.map((each) => plain(each, asWritten));
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each, asWritten)])) : value;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WrittenNumber);
}

function duplicatesOf({ items }: YAMLMap, path: string, lines: LineCounter): readonly string[] {
  const seen = new Set<string>();
  return items.flatMap((pair) => {
    const key = keyOf(pair);
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return key === '<<'
      ? []
      : [`${path}${lineOfPair(pair, lines)}: ${key} is given more than once; the last one counts, remove the others`];
  });
}

function keyOf({ key }: Pair): string {
  return typeof key === 'object' && key !== null && 'value' in key ? String(key.value) : String(key);
}

function lineOfPair({ key }: Pair, lines: LineCounter): string {
  const range = typeof key === 'object' && key !== null && 'range' in key ? (key.range as readonly number[] | undefined) : undefined;
  return range?.[0] === undefined ? '' : `:${lines.linePos(range[0]).line}`;
}

/** Where the last of the keys stands that is written out; what comes by an alias has no line of its own. */
function lineFinder({ contents }: Document.Parsed, lines: LineCounter): (keys: readonly string[]) => string {
  const known = new Map<YAMLMap, ReadonlyMap<string, Pair>>();
  const pairsOf = (map: YAMLMap): ReadonlyMap<string, Pair> => {
    const pairs = known.get(map) ?? new Map(map.items.map((pair) => [keyOf(pair), pair]));
    known.set(map, pairs);
    return pairs;
  };
  return (keys) => {
    let line = '';
    let at: unknown = contents;
    for (const key of keys) {
      const pair = isMapping(at) ? pairsOf(at).get(key) : undefined;
      if (pair === undefined) break;
      line = lineOfPair(pair, lines);
      at = pair.value;
    }
    return line;
  };
}

/** The class itself is imported only with the parser. */
function isMapping(node: unknown): node is YAMLMap {
  if (typeof node !== 'object' || node === null || !('items' in node) || !Array.isArray(node.items)) return false;
  const [first] = node.items as readonly unknown[];
  return typeof first === 'object' && first !== null && 'key' in first;
}
