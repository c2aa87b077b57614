import { expect, it } from 'vitest';
import { manualClock } from '../../src/fx/testing.ts';
import { rateLimitIn, retryAfterIn } from './rate-limit.ts';

const hour = 3_600_000;

it.each([
  ['seconds', { 'retry-after': '40', 'x-ratelimit-reset': '7' }, 40_000],
  ['parts of seconds', { 'retry-after': ' 0.5 ' }, 500],
  ['a date', { 'retry-after': 'Tue, 14 Nov 2023 22:13:50 GMT' }, 30_000],
  ['a date that is over', { 'retry-after': 'Tue, 14 Nov 2023 22:13:00 GMT' }, 0],
  [
    'the reset, where it says nothing that can be read',
    { 'retry-after': 'soon', 'x-ratelimit-reset': '7', 'x-ratelimit-period': '60' },
    7000,
  ],
  ['the period, where there is no reset', { 'x-ratelimit-reset': '-1', 'x-ratelimit-period': '60' }, 60_000],
  ['nothing', { 'x-ratelimit-reset': 'NaN' }, undefined],
  ['an hour, where it asks for years', { 'retry-after': '99999999999' }, hour],
  ['an hour, where the date is far away', { 'retry-after': 'Tue, 14 Nov 2223 22:13:50 GMT' }, hour],
  ['an hour, where the reset is a time and no duration', { 'x-ratelimit-reset': '1700000000' }, hour],
])('waits %s', (_, headers, expected) => {
  expect(retryAfterIn(headers, manualClock(1_700_000_000_000))).toBe(expected);
});

it('tells of limits only where something remains or nothing does', () => {
  expect(rateLimitIn({ 'x-ratelimit-limit': '100', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'x' })).toEqual({
    limit: 100,
    period: undefined,
    reset: undefined,
    remaining: 0,
  });
  for (const remaining of [undefined, '', '-1', '1.5', 'many'])
    expect(rateLimitIn({ 'x-ratelimit-limit': '100', 'x-ratelimit-remaining': remaining })).toBeUndefined();
});
