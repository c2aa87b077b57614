import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from './json-lines.ts';
import { ListDecoder } from './list-decoder.ts';

/** The bytes in pieces of these sizes, over and over. */
function* pieces(text: string, sizes: readonly number[]): Generator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

function decode(text: string, sizes: readonly number[] = [7]): { readonly items: unknown[]; readonly envelope: unknown } {
  const decoder = new ListDecoder();
  const items = [...pieces(text, sizes)].flatMap((piece) => [...decoder.push(piece)]);
  return { items, envelope: decoder.end() };
}

const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 });
const item = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()).map((rest) => ({ ...rest, kind: 'Thing' }));

describe('a list', () => {
  it('is decoded as JSON.parse would, whatever its items hold and however it is cut', () => {
    const tricky = fc.constantFrom('"items":[', '{"', '}]', '\\', '\\"', '},{', '🦔', ']}');
    const items = fc.array(
      fc.oneof(
        item,
        tricky.map((text) => ({ kind: 'Thing', [text]: text })),
      ),
      { maxLength: 6 },
    );
    const metadata = fc.record({ resourceVersion: fc.string({ unit: 'binary' }), continue: fc.oneof(fc.string(), tricky) });
    fc.assert(
      fc.property(items, metadata, fc.tuple(sizes, fc.integer({ min: 0, max: 2 })), (listed, meta, [cuts, indent]) => {
        const text = JSON.stringify({ kind: 'ThingList', apiVersion: 'v1', metadata: meta, items: listed, more: [1] }, null, indent);
        const { items: decoded, envelope } = decode(text, cuts);
        const expected: unknown[] = JSON.parse(JSON.stringify(listed));
        expect(decoded).toEqual(expected);
        expect(envelope).toEqual({ kind: 'ThingList', apiVersion: 'v1', metadata: meta, items: [], more: [1] });
      }),
      { numRuns: 500 },
    );
  });

  it('knows an escape that one chunk ends with from one in the next item', () => {
    const text = '{"items":[{"a":"\\"x"},{"":""}]}';
    expect(decode(text, [text.indexOf('\\') + 1, 100]).items).toEqual([{ a: '"x' }, { '': '' }]);
  });

  it('gives its items the type that they leave out', () => {
    const { items } = decode('{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"a"}}]}');
    expect(items).toEqual([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }]);
  });

  it('may say what it is after its items, or have none', () => {
    const { items, envelope } = decode('{"items":[{"a":1}],"metadata":{"continue":"x"}}');
    expect(items).toEqual([{ a: 1 }]);
    expect(envelope).toEqual({ items: [], metadata: { continue: 'x' } });
    expect(decode('{"metadata":{"resourceVersion":"7"},"items":null}')).toEqual({
      items: [],
      envelope: { metadata: { resourceVersion: '7' }, items: null },
    });
  });

  it('is not taken for complete when it is cut off', () => {
    const whole = '{"kind":"PodList","items":[{"a":{"b":"}"}},{"c":1}],"metadata":{"resourceVersion":"1"}}';
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => decode(whole.slice(0, length))).toThrow('a list that is cut off, or no list');
    }
    expect(decode(whole).items).toHaveLength(2);
  });

  it.each([
    ['<html>', 'a list that is cut off, or no list'],
    ['{"items":[{"a":}]}', 'Unexpected token'],
  ])('is refused when it is %s', (text, message) => {
    expect(() => decode(text)).toThrow(message);
  });

  it('may not fill the memory with what is no list', () => {
    const decoder = new ListDecoder();
    const noise = new Uint8Array(1_000_000).fill(0x20);
    expect([...decoder.push(noise)]).toEqual([]);
    expect(() => [...decoder.push(noise)]).toThrow('no list');
    const endless = new ListDecoder();
    expect([...endless.push(new TextEncoder().encode('{"items":[{"a":"'))]).toEqual([]);
    const feed = (): void => {
      for (let chunks = 0; chunks < 40; chunks += 1) endless.push(noise).next();
    };
    expect(feed).toThrow('an object of more than 33554432 bytes');
  });
});

describe('lines', () => {
  it('are put together from any chunks', () => {
    const line = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', ''));
    fc.assert(
      fc.property(fc.array(line), sizes, (lines, cuts) => {
        const splitter = new LineSplitter();
        const split = [...pieces(lines.map((each) => `${each}\n`).join(''), cuts)].flatMap((piece) => [...splitter.push(piece)]);
        expect(split).toEqual(lines.filter((each) => each !== ''));
      }),
    );
  });

  it('end with a newline, and may not fill the memory', () => {
    const splitter = new LineSplitter();
    expect([...splitter.push(new TextEncoder().encode('a\nb'))]).toEqual(['a']);
    const feed = (): void => {
      for (let chunks = 0; chunks < 40; chunks += 1) splitter.push(new Uint8Array(1_000_000).fill(0x20)).next();
    };
    expect(feed).toThrow('a line of more than 33554432 bytes');
  });
});
