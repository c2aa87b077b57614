import { decimalOf, partsOf, type Decimal } from './decimal.ts';

/** Powers of ten that have a suffix of their own. */
const suffixes: Readonly<Record<number, string>> = {
  [-9]: 'n',
  [-6]: 'u',
  [-3]: 'm',
  0: '',
  3: 'k',
  6: 'M',
  9: 'G',
  12: 'T',
  15: 'P',
  18: 'E',
};

const powers = new Map(Object.entries(suffixes).map(([power, suffix]) => [suffix, Number(power)] as const));
const binary = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** Kubernetes keeps nothing finer. */
const finest = -9;
/** Digits that fit Kubernetes' 64-bit form whatever they are. */
const digitsMax = 18;

/**
 * A number as a Kubernetes quantity, spelled as the Go agent does: formatted with `%v`, parsed, and printed again. Any
 * other spelling of the same number would do for clients; this one keeps answers equal byte by byte.
 *
 * @throws RangeError for what is no finite number
 */
export function quantityOf(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`unable to parse quantity's value: ${value}`);
  if (value === 0) return '0';
  const decimal = decimalOf(value);
  const exponent = decimal.scale + decimal.digits.length - 1;
  return exponent < -4 || exponent >= 6 ? exponential(decimal, exponent) : plain(decimal);
}

/** Go writes it as `1.5e+07`, and Kubernetes then keeps to exponents. */
function exponential(decimal: Decimal, exponent: number): string {
  const { isNegative, digits, scale } = decimal;
  const written = `${isNegative ? '-' : ''}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}e${sign(exponent)}${String(Math.abs(exponent)).padStart(2, '0')}`;
  if (scale % 3 === 0 && scale >= finest && !digits.endsWith('000')) return written;
  return canonical(decimal, (power) => (power === 0 ? '' : `e${power}`));
}

function sign(exponent: number): string {
  return exponent < 0 ? '-' : '+';
}

/** Go writes it without an exponent, and Kubernetes then prefers suffixes. */
function plain(decimal: Decimal): string {
  const { isNegative } = decimal;
  const { whole, fraction } = partsOf(decimal);
  const isKept =
    fraction.length % 3 === 0 && whole !== '' && !`${whole}${fraction}`.endsWith('000') && whole.length + fraction.length <= digitsMax;
  if (isKept && -fraction.length >= finest) return `${isNegative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
  return canonical(decimal, (power) => suffixes[power] ?? `e${power}`);
}

/** No trailing zeros, and a power of ten that is a multiple of three; what is too fine is rounded away from zero. */
function canonical({ isNegative, digits, scale }: Decimal, suffix: (power: number) => string): string {
  let amount = BigInt(digits);
  let power = scale;
  if (power < finest) {
    const divisor = 10n ** BigInt(finest - power);
    amount = (amount + divisor - 1n) / divisor;
    power = finest;
  }
  for (; amount % 10n === 0n; power += 1) amount /= 10n;
  const excess = ((power % 3) + 3) % 3;
  return `${isNegative ? '-' : ''}${amount * 10n ** BigInt(excess)}${suffix(power - excess)}`;
}

/** Longer ones are no numbers that anybody measures, and would cost time. */
const textMax = 64;
/** Beyond that, Kubernetes has no numbers either. */
const exponentMax = 100;

/** The number that a quantity stands for, exactly; `undefined` where a text is none. */
export function decimalIn(quantity: string): Decimal | undefined {
  if (quantity.length > textMax) return undefined;
  const [matched, minus, whole = '', fraction = '', suffix = ''] = /^([+-]?)(\d*)\.?(\d*)([a-zA-Z]*[+-]?\d*)$/.exec(quantity) ?? [];
  if (matched === undefined || whole + fraction === '') return undefined;
  const isNegative = minus === '-';
  const doublings = 10 * (binary.indexOf(suffix) + 1);
  if (doublings > 0) return { isNegative, digits: String(BigInt(whole + fraction) << BigInt(doublings)), scale: -fraction.length };
  const power = powerOf(suffix);
  return power === undefined ? undefined : { isNegative, digits: whole + fraction, scale: power - fraction.length };
}

/** Of ten; `undefined` where a suffix is none. */
function powerOf(suffix: string): number | undefined {
  const [, exponent] = /^[eE]([+-]?\d+)$/.exec(suffix) ?? [];
  if (exponent === undefined) return powers.get(suffix);
  return Math.abs(Number(exponent)) > exponentMax ? undefined : Number(exponent);
}

/** Thousandths, rounded away from zero: the precision in which autoscalers calculate. */
export function thousandths({ isNegative, digits, scale }: Decimal): number {
  const power = scale + 3;
  const divisor = 10n ** BigInt(Math.max(0, -power));
  const amount = (BigInt(digits) * 10n ** BigInt(Math.max(0, power)) + divisor - 1n) / divisor;
  return isNegative ? -Number(amount) : Number(amount);
}
