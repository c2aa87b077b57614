import { expect, it } from 'vitest';
import { integer, objectIdentifier, time } from './der.ts';

it.each([
  [[0], '020100'],
  [[0, 0, 1], '020101'],
  [[0, 0x80], '02020080'],
  [[0x80], '02020080'],
  [[0x7f, 0xff], '02027fff'],
])('writes the integer %j in as few bytes as it takes', (bytes, expected) => {
  expect(integer(Buffer.from(bytes)).toString('hex')).toBe(expected);
});

it('writes object identifiers', () => {
  expect(objectIdentifier('1.2.840.10045.4.3.2').toString('hex')).toBe('06082a8648ce3d040302');
});

it('writes times in both forms', () => {
  expect(time(new Date('2049-12-31T23:59:59Z')).toString('latin1')).toBe('\u0017\r491231235959Z');
  expect(time(new Date('2050-01-01T00:00:00Z')).toString('latin1')).toBe('\u0018\u000f20500101000000Z');
});
