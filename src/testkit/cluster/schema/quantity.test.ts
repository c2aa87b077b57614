import { expect, it } from 'vitest';
import { canonicalQuantity } from './quantity.ts';

it.each([
  ['0.5', '500m'],
  ['1000m', '1'],
  ['1024Mi', '1Gi'],
  ['1.5Gi', '1536Mi'],
  ['1000', '1k'],
  ['12e3', '12e3'],
  ['0', '0'],
  ['-2k', '-2k'],
  ['100Mi', '100Mi'],
  ['0.1m', '100u'],
])('spells %s as %s', (text, canonical) => {
  expect(canonicalQuantity(text)).toBe(canonical);
});

it.each(['', 'a', '1.2.3', '1Zi', 'Mi'])('takes %j for no quantity', (text) => {
  expect(canonicalQuantity(text)).toBeUndefined();
});
