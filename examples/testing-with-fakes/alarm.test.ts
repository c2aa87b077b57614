import { describe, expect, it } from 'vitest';
import { component } from '../../src/fx/index.ts';
import { faultInject, manualClock, testApp } from '../../src/fx/testing.ts';
import { Alarm, heatAlarm, randomThermometer, Thermometer } from './main.ts';

/** A fake is a component like any other; the test turns its dial. */
function fakeThermometer(degrees: { now: number }) {
  return component({ name: 'fake-thermometer', provides: Thermometer, create: () => ({ read: () => Promise.resolve(degrees.now) }) });
}

describe('heatAlarm', () => {
  it('rings within a minute of the heat, and falls silent again', async () => {
    const clock = manualClock();
    const degrees = { now: 20 };
    await using tested = await testApp([randomThermometer, heatAlarm], {
      replace: [fakeThermometer(degrees)],
      requires: { alarm: Alarm },
      clock,
    });
    const { alarm } = tested.needs;
    expect(alarm.isRinging).toBe(false);

    degrees.now = 30;
    await clock.advance(60_000);
    expect(alarm.isRinging).toBe(true);

    degrees.now = 20;
    await clock.advance(60_000);
    expect(alarm.isRinging).toBe(false);
  });

  it('survives every fault of every component', async () => {
    const root = component({ name: 'root', requires: { alarm: Alarm }, create: () => undefined });
    expect(await faultInject([randomThermometer, heatAlarm, root])).toBe(3 * 6);
  });
});
