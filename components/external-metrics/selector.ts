import type { LabelSelector } from './index.ts';
import { sortedBy } from './sorted-by.ts';

type Requirement = LabelSelector['requirements'][number];
type Operator = Requirement['operator'];

/** A selector that is not one; the message is what Kubernetes' clients get to see. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

const labelName = /^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/**
 * Reads a label selector as Kubernetes does: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`.
 *
 * @throws SelectorError
 */
export function parseSelector(text: string): LabelSelector {
  const reader = new Reader(text);
  const written: Requirement[] = [];
  if (reader.next !== '')
    do written.push(requirement(reader));
    while (reader.takeIf(','));
  if (reader.next !== '') throw new SelectorError(`found '${reader.next}', expected: ',' or 'end of string'`);
  const requirements = sortedBy(written, (each) => each.key);
  return {
    requirements,
    matches: (labels) =>
      requirements.every(({ key: name, operator, values }) =>
        meanings[operator].holds(Object.hasOwn(labels, name) ? labels[name] : undefined, values),
      ),
    toString: () => requirements.map(({ key: name, operator, values }) => meanings[operator].write(name, values)).join(','),
  };
}

/** The words of a selector, one after the other. */
class Reader {
  readonly #words: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#words = [...text.matchAll(/==|!=|[=!<>(),]|[^\s=!<>(),]+/g)].map(([word]) => word);
  }

  /** The next word; empty at the end. */
  get next(): string {
    return this.#words[this.#at] ?? '';
  }

  take(): string {
    const word = this.next;
    this.#at += 1;
    return word;
  }

  takeIf(wanted: string): boolean {
    if (this.next !== wanted) return false;
    this.#at += 1;
    return true;
  }

  expect(wanted: string): void {
    if (!this.takeIf(wanted)) throw new SelectorError(`unable to parse requirement: found '${this.next}', expected: '${wanted}'`);
  }
}

function requirement(reader: Reader): Requirement {
  if (reader.takeIf('!')) return { key: key(reader), operator: '!', values: [] };
  const name = key(reader);
  if (!isOperator(reader.next)) return { key: name, operator: 'exists', values: [] };
  const operator = reader.take() as Operator;
  if (operator === 'in' || operator === 'notin') return { key: name, operator, values: set(reader) };
  const wanted = value(reader);
  if ((operator === '>' || operator === '<') && !/^[+-]?\d+$/.test(wanted))
    throw new SelectorError(
      `unable to parse requirement: values[0][${name}]: Invalid value: "${wanted}": for 'Gt', 'Lt' operators, the value must be an integer`,
    );
  return { key: name, operator, values: [wanted] };
}

function key(reader: Reader): string {
  const name = reader.take();
  if (name.length > 316 || !labelName.test(name))
    throw new SelectorError(
      `unable to parse requirement: key: Invalid value: "${name}": a label's name consists of alphanumeric characters, '-', '_' or '.'`,
    );
  return name;
}

/** One of a set, or what stands behind an operator. There may be nothing: the empty value. */
function value(reader: Reader): string {
  const text = [',', ')', ''].includes(reader.next) ? '' : reader.take();
  if (!labelValue.test(text))
    throw new SelectorError(
      `unable to parse requirement: values: Invalid value: "${text}": a label is empty, or consists of alphanumeric characters, '-', '_' or '.'`,
    );
  return text;
}

function set(reader: Reader): readonly string[] {
  reader.expect('(');
  const values = [value(reader)];
  while (reader.takeIf(',')) values.push(value(reader));
  reader.expect(')');
  return [...new Set(values)].toSorted();
}

interface Meaning {
  /** @param found the label's value; undefined where the object does not have it */
  holds(found: string | undefined, wanted: readonly string[]): boolean;
  write(key: string, wanted: readonly string[]): string;
}

const isOneOf: Meaning['holds'] = (found, wanted) => found !== undefined && wanted.includes(found);
const isNoneOf: Meaning['holds'] = (found, wanted) => found === undefined || !wanted.includes(found);
const integer = (text: string | undefined): bigint | undefined =>
  /^[+-]?\d+$/.test(text ?? '') ? BigInt((text ?? '').replace('+', '')) : undefined;
const compares =
  (holds: (found: bigint, limit: bigint) => boolean): Meaning['holds'] =>
  (found, [limit]) => {
    const [left, right] = [integer(found), integer(limit)];
    return left !== undefined && right !== undefined && holds(left, right);
  };

const meanings: { readonly [O in Operator]: Meaning } = {
  '=': { holds: isOneOf, write: (name, [wanted]) => `${name}=${wanted}` },
  '==': { holds: isOneOf, write: (name, [wanted]) => `${name}==${wanted}` },
  '!=': { holds: isNoneOf, write: (name, [wanted]) => `${name}!=${wanted}` },
  in: { holds: isOneOf, write: (name, wanted) => `${name} in (${wanted.join(',')})` },
  notin: { holds: isNoneOf, write: (name, wanted) => `${name} notin (${wanted.join(',')})` },
  exists: { holds: (found) => found !== undefined, write: (name) => name },
  '!': { holds: (found) => found === undefined, write: (name) => `!${name}` },
  '>': { holds: compares((left, right) => left > right), write: (name, [wanted]) => `${name}>${wanted}` },
  '<': { holds: compares((left, right) => left < right), write: (name, [wanted]) => `${name}<${wanted}` },
};

/** `exists` and `!` are said without an operator behind the key. */
function isOperator(word: string): word is Operator {
  return word !== 'exists' && word !== '!' && Object.hasOwn(meanings, word);
}
