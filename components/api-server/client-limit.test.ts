import { expect, it } from 'vitest';
import { manualClock } from '../../src/fx/testing.ts';
import type { Log } from '../log/index.ts';
import { ClientLimit } from './client-limit.ts';

function limited(max: number) {
  const [clock, warnings] = [manualClock(), [] as string[]];
  let refusals = 0;
  const log = { warn: (message: string) => void warnings.push(message) } as Log;
  const refused = { add: () => void (refusals += 1), remove: () => {} };
  const limit = new ClientLimit({ what: 'requests', max, setting: 'some.setting', clock, log, refused });
  return { limit, clock, warnings, refusals: () => refusals };
}

it('lets each client have so many at a time', () => {
  const { limit, refusals } = limited(2);
  expect(['a', 'a', 'a', 'b'].map((client) => limit.enter(client))).toEqual([true, true, false, true]);
  limit.leave('a');
  expect(['a', 'a'].map((client) => limit.enter(client))).toEqual([true, false]);
  expect(refusals()).toBe(2);
});

it('has no limit at 0', () => {
  const { limit, refusals } = limited(0);
  for (let times = 0; times < 100; times += 1) expect(limit.enter('a')).toBe(true);
  expect(refusals()).toBe(0);
});

it('names the setting once a minute, however many are refused', async () => {
  const { limit, clock, warnings } = limited(1);
  for (let times = 0; times < 10; times += 1) limit.enter('a');
  expect(warnings).toEqual([expect.stringContaining('raise some.setting')]);
  await clock.advance(60_000);
  for (let times = 0; times < 10; times += 1) limit.enter('a');
  expect(warnings).toHaveLength(2);
});

it('forgets clients that come and go, and none that is there', () => {
  const { limit } = limited(1);
  for (let turn = 0; turn < 3; turn += 1) {
    limit.enter(`stays ${turn}`);
    for (let client = 0; client < 2000; client += 1) {
      expect(limit.enter(`${client}`)).toBe(true);
      limit.leave(`${client}`);
    }
  }
  expect([0, 1, 2].map((turn) => limit.enter(`stays ${turn}`))).toEqual([false, false, false]);
});
