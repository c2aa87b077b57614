/** A decimal number: digits without sign, times ten to the power of `scale`. */
export interface Decimal {
  readonly isNegative: boolean;
  readonly digits: string;
  readonly scale: number;
}

/** The shortest decimal that reads as this number again. */
export function decimalOf(value: number): Decimal {
  const [mantissa = '', power = '0'] = value.toExponential().split('e');
  return { isNegative: value < 0, digits: mantissa.replace(/[-.]/g, ''), scale: Number(power) - (mantissa.split('.')[1]?.length ?? 0) };
}

/** The digits before and after the point; without a whole part the first is empty. */
export function partsOf({ digits, scale }: Decimal): { readonly whole: string; readonly fraction: string } {
  if (scale >= 0) return { whole: digits + '0'.repeat(scale), fraction: '' };
  return { whole: digits.slice(0, Math.max(0, digits.length + scale)), fraction: digits.padStart(-scale, '0').slice(scale) };
}

/** A number without an exponent, however large or small: what Go's `FormatFloat` writes with `'f', -1`. */
export function plainText(value: number): string {
  if (value === 0) return '0';
  const decimal = decimalOf(value);
  const { whole, fraction } = partsOf(decimal);
  return `${decimal.isNegative ? '-' : ''}${whole === '' ? '0' : whole}${fraction === '' ? '' : `.${fraction}`}`;
}
