import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalOf } from './decimal.ts';
import { decimalIn, quantityOf, thousandths } from './quantity.ts';

const powers: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };

/** Reads a quantity exactly, in units of 1e-9. */
function nanos(text: string): bigint {
  const [, minus, whole = '', fraction = '', power, suffix = ''] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+)|([numkMGTPE]))?$/.exec(text) ?? [];
  const scale = Number(power ?? powers[suffix] ?? 0) - fraction.length + 9;
  const digits = BigInt(whole + fraction);
  const amount = scale >= 0 ? digits * 10n ** BigInt(scale) : digits / 10n ** BigInt(-scale);
  return minus === '-' ? -amount : amount;
}

describe('quantityOf', () => {
  it.each([
    [0, '0'],
    [7, '7'],
    [10, '10'],
    [1000, '1k'],
    [1500, '1500'],
    [15_000, '15k'],
    [123_456, '123456'],
    [1e6, '1e+06'],
    [1_234_567, '1.234567e+06'],
    [2_500_000, '2500e3'],
    [15_000_000, '1.5e+07'],
    [0.5, '500m'],
    [0.125, '125m'],
    [2.5, '2500m'],
    [12.34, '12340m'],
    [12.125, '12.125'],
    [12.3456, '12345600u'],
    [0.0001, '100u'],
    [0.000_01, '10e-6'],
    [1.2345678901234567, '1234567891n'],
    [-2.5, '-2500m'],
    [1e-12, '1e-9'],
    [-0, '0'],
  ])('%d is %s', (value, text) => expect(quantityOf(value)).toBe(text));

  it('means the same number, up to a rounding away from zero of less than 1e-9', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = quantityOf(value);
        const [mantissa = '', power = '0'] = value.toExponential().split('e');
        const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
        const scale = Number(power) - fraction.length + 9;
        const divisor = 10n ** BigInt(Math.max(0, -scale));
        const exact = (BigInt(whole + fraction) * 10n ** BigInt(Math.max(0, scale)) + divisor - 1n) / divisor;
        expect(nanos(text)).toBe(value < 0 ? -exact : exact);
      }),
    );
  });

  it.each([Number.NaN, Infinity, -Infinity])('refuses %d', (value) => expect(() => quantityOf(value)).toThrow(RangeError));
});

describe('decimalIn', () => {
  const exact = (text: string): string | undefined => {
    const decimal = decimalIn(text);
    return decimal === undefined ? undefined : `${decimal.isNegative ? '-' : ''}${BigInt(decimal.digits)}e${decimal.scale}`;
  };

  it.each([
    ['0', '0e0'],
    ['500m', '500e-3'],
    ['-1.5k', '-15e2'],
    ['.5', '5e-1'],
    ['5.', '5e0'],
    ['+2Ki', '2048e0'],
    ['1.5Gi', '16106127360e-1'],
    ['1E', '1e18'],
    ['1E3', '1e3'],
    ['1.5e+07', '15e6'],
    ['10e-6', '10e-6'],
    ['9007199254740993', '9007199254740993e0'],
  ])('reads %s', (text, expected) => expect(exact(text)).toBe(expected));

  it.each(['', '.', 'k', '1 k', '1ki', '1KI', '1e', '1e1000000000', '0x10', 'NaN', '1m1', '1.2.3', '9'.repeat(65)])(
    'refuses "%s"',
    (text) => {
      expect(exact(text)).toBeUndefined();
    },
  );

  it('reads what quantityOf writes, whatever the number', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e15, max: 1e15, noNaN: true }), (value) => {
        const [read, sent] = [thousandths(decimalIn(quantityOf(value)) ?? decimalOf(NaN)), thousandths(decimalOf(value))];
        expect(read + 0).toBe(sent + 0);
      }),
    );
  });

  it('is never surprised', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.+-eEkKmMiun x'.split('')) }), (text) => {
        const decimal = decimalIn(text);
        if (decimal !== undefined) expect(thousandths(decimal)).not.toBeNaN();
      }),
    );
  });
});

describe('thousandths', () => {
  it.each([
    ['1.1', 1100],
    ['1', 1000],
    ['100u', 1],
    ['-100u', -1],
    ['1.0001', 1001],
    ['2k', 2_000_000],
  ])('of %s are %i', (text, expected) => expect(thousandths(decimalIn(text) ?? decimalOf(0))).toBe(expected));
});
