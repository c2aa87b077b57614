import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchesOf, encodedLength, lengthMax, problemIn } from './query-text.ts';

describe('problemIn', () => {
  it.each([
    'avg:nginx.net.request_per_s{kube_container_name:nginx,env:prod}.rollup(30)',
    'sum:a{x IN (b,c)} by {host}',
    'top(avg:a{*}, 5, "mean,max", \'desc\')',
    '{"(]"}',
  ])('finds none in %s', (query) => expect(problemIn(query)).toBeUndefined());

  it.each([
    ['  ', 'empty'],
    ['avg:a{*},avg:b{*}', 'several queries'],
    ['avg:a{*', '"}" is missing'],
    ['avg:a*}', '"}" closes nothing'],
    ['avg:a{(*})', 'closes nothing'],
    ['avg:a{"*}', 'quote'],
    [`avg:a{${'x'.repeat(lengthMax)}}`, 'too long'],
    ['avg:\ud800', 'Unicode'],
  ])('refuses %s', (query, why) => expect(problemIn(query)).toContain(why));

  it('says something or nothing of any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (query) => ['string', 'undefined'].includes(typeof problemIn(query))));
  });
});

it('counts a query as long as it is sent', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from('ab{}()[]*~!, :%"é\u{1f600}')) }), (query) => {
      const url = new URL('http://datadog');
      url.searchParams.set('query', query);
      expect(encodedLength(query)).toBe(url.search.length - '?query='.length + 16);
    }),
  );
});

describe('batchesOf', () => {
  const queries = fc.array(fc.record({ query: fc.string({ maxLength: 2000 }), isRefused: fc.boolean() }), { maxLength: 200 });

  it('asks each query once, within both limits, alone where it has to be, and starts no batch that the last had room for', () => {
    fc.assert(
      fc.property(queries, fc.integer({ min: 1, max: 35 }), (asked, sizeMax) => {
        const all = [...batchesOf(asked, { sizeMax, isAlone: ({ isRefused }) => isRefused })];
        expect(new Set(all.flat()).size).toBe(asked.length);
        for (const batch of all) expect(batch.length === 1 || !batch.some(({ isRefused }) => isRefused)).toBe(true);
        const batches = all.filter(([first]) => first?.isRefused === false);
        for (const [index, batch] of batches.entries()) {
          const length = batch.reduce((sum, { query }) => sum + encodedLength(query), 0);
          expect(batch.length).toBeLessThanOrEqual(sizeMax);
          if (batch.length > 1) expect(length).toBeLessThan(lengthMax);
          const next = batches[index + 1]?.[0];
          if (next === undefined) continue;
          expect(batch.length === sizeMax || length + encodedLength(next.query) >= lengthMax).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });
});
