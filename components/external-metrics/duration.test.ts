import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { secondsIn } from './duration.ts';

it.each([
  ['0', 0],
  ['0s', 0],
  ['900s', 900],
  ['15m', 900],
  ['1h30m', 5400],
  ['1.5h', 5400],
  ['.5s', 0.5],
  ['2.s', 2],
  ['1500ms', 1.5],
  ['1h0m0.5s', 3600.5],
])('reads %s', (text, seconds) => expect(secondsIn(text)).toBeCloseTo(seconds, 9));

it.each(['', '15', '15 m', '15 minutes', 'm', '.s', '-5s', '1d', '5M', '1h,30m', '1e3s', '٣s'])('knows that "%s" is none', (text) =>
  expect(secondsIn(text)).toBeUndefined(),
);

it('reads what Go writes', () => {
  fc.assert(
    fc.property(fc.nat(999), fc.nat(59), fc.nat(59), (hours, minutes, seconds) => {
      expect(secondsIn(`${hours}h${minutes}m${seconds}s`)).toBe(hours * 3600 + minutes * 60 + seconds);
    }),
  );
});
