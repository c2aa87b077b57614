import type { SecretKeys } from './keys.ts';
import { hide, isHarmless, keyWithEnd } from './values.ts';

interface Span {
  readonly from: number;
  readonly to: number;
  /** In YAML a mask needs quotes, because a star begins an alias. */
  readonly before?: string;
  readonly after?: string;
}

/** Masks what follows secret-looking keys, in YAML, JSON, URLs, headers and sentences. */
export function maskKeyed(text: string, { inText }: SecretKeys): string {
  inText.lastIndex = 0;
  let masked = '';
  let done = 0;
  for (let found = inText.exec(text); found !== null; found = inText.exec(text)) {
    const { from, to, before = '', after = '' } = valueAfter(text, found);
    const value = text.slice(from, to);
    if (!isHarmless(value)) {
      const shown = found.groups?.['shown'] === undefined ? hide(value) : keyWithEnd(value);
      masked += `${text.slice(done, from)}${before}${shown}${after}`;
      done = to;
    }
    inText.lastIndex = Math.max(inText.lastIndex, to);
  }
  return done === 0 ? text : masked + text.slice(done);
}

function valueAfter(text: string, found: RegExpExecArray): Span {
  const from = found.index + found[0].length;
  const quote = quoteAt(text, from);
  if (quote !== '') return { from: from + quote.length, to: closing(text, from + quote.length, quote) };
  if (/authorization|cookie/i.test(found.groups?.['hidden'] ?? '')) return { from, to: endOfLine(text, from) };
  const head = headOf(text, found.index);
  if (head === undefined || !found[0].includes(':') || !isHeadOfYaml.test(head)) return { from, to: endOfWord(text, from) };
  const lineTo = endOfLine(text, from);
  if (!isBlock(text.slice(from, lineTo))) return { from, to: lineTo, before: '"', after: '"' };
  const depth = indentation(head, 0);
  return { from: Math.min(lineTo + 1, text.length), to: endOfBlock(text, depth, lineTo), before: `${' '.repeat(depth + 2)}"`, after: '"' };
}

/** A quote, as it stands in text or, with a backslash, in text inside JSON. */
function quoteAt(text: string, at: number): string {
  const quote = text.slice(at, at + (text[at] === '\\' ? 2 : 1));
  return /^\\?["']$/.test(quote) ? quote : '';
}

/** Where the quoted value ends; at the end of its line when the quote is never closed. */
function closing(text: string, from: number, quote: string): number {
  let at = from;
  while (at < text.length && text[at] !== '\n' && !text.startsWith(quote, at)) at += text[at] === '\\' ? 2 : 1;
  return Math.min(at, text.length);
}

/** Longer heads of lines are sentences; looking no further back keeps the work linear. */
const headMax = 120;

/** What stands before the key in its line; `undefined` when that is long. */
function headOf(text: string, index: number): string | undefined {
  const start = Math.max(0, index - headMax);
  const before = text.slice(start, index);
  const lineFrom = before.lastIndexOf('\n') + 1;
  return lineFrom === 0 && start > 0 ? undefined : before.slice(lineFrom);
}

/** Before a key whose value is the rest of the line: indentation, an item's dash, a quote, the rest of the key. */
const isHeadOfYaml = /^[ \t]*(?:- +)*["']?[\w.-]*$/;

function endOfLine(text: string, from: number): number {
  const at = text.indexOf('\n', from);
  return at === -1 ? text.length : at;
}

const wordEnd = /[\s,;&"'()<>[\]{}\\]/g;

function endOfWord(text: string, from: number): number {
  wordEnd.lastIndex = from;
  return wordEnd.exec(text)?.index ?? text.length;
}

function isBlock(value: string): boolean {
  return /^\s*(?:[|>][+-]?\d?)?\s*$/.test(value);
}

/** The end of the lines that are deeper than the key, or items of its list. */
function endOfBlock(text: string, depth: number, lineTo: number): number {
  let end = lineTo;
  while (end < text.length) {
    const next = end + 1;
    const nextTo = endOfLine(text, next);
    const isBlank = text.slice(next, nextTo).trim() === '';
    const nextDepth = indentation(text, next);
    if (!isBlank && nextDepth <= depth && !(nextDepth === depth && text[next + nextDepth] === '-')) break;
    end = nextTo;
  }
  return end;
}

function indentation(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t') at += 1;
  return at - from;
}
