const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const PATTERN = /^([+-]?)(\d+)?(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+)?$/;

/**
 * A quantity in the one spelling that the API server stores: `0.5` is `500m`, `1024Mi` is `1Gi`, `1000` is `1k`.
 * Undefined where `text` is no quantity.
 */
export function canonicalQuantity(text: string): string | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const minus = sign === '-' ? '-' : '';
  const digits = BigInt(whole + fraction);
  if (digits === 0n) return '0';
  const power = BINARY.indexOf(suffix);
  if (power > 0) return minus + binary(digits * 1024n ** BigInt(power), fraction.length);
  const exponent = /^[eE][+-]?\d+$/.test(suffix) ? Number(suffix.slice(1)) : 3 * (DECIMAL.indexOf(suffix) - 3);
  return minus + decimal(digits, exponent - fraction.length, /^[eE]/.test(suffix));
}

/** `value` stands for value / 10^places. Below 1024, or with a fraction left, the server writes decimal. */
function binary(value: bigint, places: number): string {
  const scale = 10n ** BigInt(places);
  if (value % scale !== 0n || value / scale < 1024n) return decimal(value, -places, false);
  let rest = value / scale;
  let power = 0;
  while (rest % 1024n === 0n && power < BINARY.length - 1) {
    rest /= 1024n;
    power += 1;
  }
  return `${rest}${BINARY[power] ?? ''}`;
}

/** `digits` * 10^`exponent` with the largest suffix that leaves no fraction; finer than a billionth is rounded up. */
function decimal(digits: bigint, exponent: number, scientific: boolean): string {
  let rest = digits;
  let power = exponent;
  for (; power < -9; power += 1) rest = (rest + 9n) / 10n;
  for (; rest % 10n === 0n; power += 1) rest /= 10n;
  for (; power % 3 !== 0; power -= 1) rest *= 10n;
  for (; power > 18; power -= 3) rest *= 1000n;
  if (scientific) return power === 0 ? `${rest}` : `${rest}e${power}`;
  return `${rest}${DECIMAL[power / 3 + 3] ?? ''}`;
}
