/** Datadog refuses longer requests; a query counts as long as it is once encoded, and a little more. */
export const lengthMax = 7000;
const lengthExtra = 16;

/** How much of {@link lengthMax} a query takes, encoded as it is sent. */
export function encodedLength(query: string): number {
  return new URLSearchParams([['', query]]).toString().length - '='.length + lengthExtra;
}

const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/**
 * Why a text cannot be asked together with other queries, or `undefined` when it can. A comma outside of brackets would
 * make two queries of it, and shift the answers of all that follow.
 */
export function problemIn(query: string): string | undefined {
  if (query.trim() === '') return 'it is empty';
  if (!query.isWellFormed()) return 'it is not well-formed Unicode';
  if (encodedLength(query) >= lengthMax) return `it is too long: ${encodedLength(query)} characters once encoded, of ${lengthMax}`;
  return imbalanceIn(query);
}

/** A quoted text counts as one, so that what stands in it does not: the quote, then its end. */
const lexeme = /"[^"]*("?)|'[^']*('?)|[()[\]{},]/g;

/** What is wrong with brackets, quotes and the commas between them. */
function imbalanceIn(query: string): string | undefined {
  const open: string[] = [];
  for (const [text, ...ends] of query.matchAll(lexeme)) {
    const closes = closing[text];
    if (ends.includes('')) return `a quote ${text[0]} is not closed`;
    if (closes !== undefined) open.push(closes);
    else if (text === ',' && open.length === 0) return 'it holds several queries: a comma stands outside of brackets';
    else if (')]}'.includes(text) && open.pop() !== text) return `"${text}" closes nothing`;
  }
  return open.length === 0 ? undefined : `"${open.at(-1)}" is missing`;
}

interface BatchLimits<Q> {
  /** Queries in one request. */
  readonly sizeMax: number;
  /** Whether a query shares its request with no other. */
  readonly isAlone: (query: Q) => boolean;
}

/** Queries in as few requests as the limits allow, each put together when it is asked for. */
export function* batchesOf<Q extends { readonly query: string }>(
  queries: Iterable<Q>,
  { sizeMax, isAlone }: BatchLimits<Q>,
): Generator<readonly Q[]> {
  let batch: Q[] = [];
  let length = 0;
  for (const each of queries) {
    if (isAlone(each)) {
      yield [each];
      continue;
    }
    const added = encodedLength(each.query);
    if (batch.length > 0 && (batch.length >= sizeMax || length + added >= lengthMax)) {
      yield batch;
      [batch, length] = [[], 0];
    }
    batch.push(each);
    length += added;
  }
  if (batch.length > 0) yield batch;
}
