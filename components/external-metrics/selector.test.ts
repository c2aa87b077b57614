import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSelector, SelectorError } from './selector.ts';

describe('parseSelector', () => {
  it.each([
    ['', ''],
    [' a = b ', 'a=b'],
    ['b=1,a==2', 'a==2,b=1'],
    ['x!=y', 'x!=y'],
    ['x in (b, a,b)', 'x in (a,b)'],
    ['x notin ()', 'x notin ()'],
    ['example.com/x', 'example.com/x'],
    ['!x', '!x'],
    ['x>1,y<2', 'x>1,y<2'],
    ['a=', 'a='],
    ['a=,b', 'a=,b'],
    ['in in (in)', 'in in (in)'],
  ])('reads %j', (text, written) => expect(parseSelector(text).toString()).toBe(written));

  it.each(['=', 'a=b,', ',a', 'a in b', 'a in (b', 'a b', 'a=b=c', '!', 'a>x', 'a=-', 'a in (b))', '/a', 'a='.padEnd(80, 'b')])(
    'refuses %j',
    (text) => expect(() => parseSelector(text)).toThrow(SelectorError),
  );

  it.each([
    ['a=b', { a: 'b' }, true],
    ['a=b', { a: 'c' }, false],
    ['a!=b', {}, true],
    ['a notin (b)', { a: 'b' }, false],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['a>1', { a: '2' }, true],
    ['a>1', { a: 'x' }, false],
    ['a<1', {}, false],
    ['toString', {}, false],
    ['a=b,c', { a: 'b' }, false],
  ])('%j holds for %j: %s', (text, labels, holds) => expect(parseSelector(text).matches(labels)).toBe(holds));

  it('reads again what it has written, and fails on rubbish in one way only', () => {
    const rubbish = fc.stringMatching(/^[ab=!<>(), in1/.-]{0,30}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), rubbish), (text) => {
        try {
          const written = parseSelector(text).toString();
          expect(parseSelector(written).toString()).toBe(written);
        } catch (error) {
          if (!(error instanceof SelectorError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
