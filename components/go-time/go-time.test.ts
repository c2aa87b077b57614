import { afterEach, expect, it } from 'vitest';
import { rfc3339Time, unixTime, utcTime, zonedTime } from './index.ts';

const { TZ } = process.env;
afterEach(() => {
  if (TZ === undefined) delete process.env['TZ'];
  else process.env['TZ'] = TZ;
});

const summer = Date.UTC(2026, 6, 31, 9, 42, 37, 550);
const winter = Date.UTC(2018, 0, 5, 11, 25, 15);

it.each([
  ['UTC', summer, ['2026-07-31 09:42:37.55 UTC (1785490957550)', '2026-07-31 09:42:37 UTC', '2026-07-31T09:42:37Z']],
  ['UTC', winter, ['2018-01-05 11:25:15 UTC (1515151515000)', '2018-01-05 11:25:15 UTC', '2018-01-05T11:25:15Z']],
  [
    'America/Los_Angeles',
    summer,
    ['2026-07-31 02:42:37.55 PDT / 2026-07-31 09:42:37.55 UTC (1785490957550)', '2026-07-31 02:42:37 PDT', '2026-07-31T02:42:37-07:00'],
  ],
  [
    'Europe/Berlin',
    winter,
    ['2018-01-05 12:25:15 CET / 2018-01-05 11:25:15 UTC (1515151515000)', '2018-01-05 12:25:15 CET', '2018-01-05T12:25:15+01:00'],
  ],
  [
    'Asia/Kathmandu',
    winter,
    ['2018-01-05 17:10:15 +0545 / 2018-01-05 11:25:15 UTC (1515151515000)', '2018-01-05 17:10:15 +0545', '2018-01-05T17:10:15+05:45'],
  ],
])('%s at %d', (zone, at, expected) => {
  process.env['TZ'] = zone; // Node looks at it again when it is set
  expect([unixTime(at), zonedTime(at), rfc3339Time(at)]).toEqual(expected);
});

it('writes UTC without fractions, wherever it is', () => {
  process.env['TZ'] = 'Asia/Kathmandu';
  expect([utcTime(summer), utcTime(0)]).toEqual(['2026-07-31T09:42:37Z', '1970-01-01T00:00:00Z']);
});

it('rounds to whole milliseconds', () => {
  process.env['TZ'] = 'UTC';
  expect(unixTime(1_515_151_515_122.9998)).toBe('2018-01-05 11:25:15.123 UTC (1515151515123)');
});
