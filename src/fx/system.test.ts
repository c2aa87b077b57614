import { describe, expect, it } from 'vitest';
import { written } from '../../test/support.ts';
import { Place, placeIn } from './place.ts';
import { systemClock, systemProcess } from './system.ts';
import { manualClock } from './testing.ts';

describe('systemClock', () => {
  it('measures in milliseconds and never goes back', () => {
    const [before, after] = [systemClock.monotonic(), systemClock.monotonic()];
    expect(after).toBeGreaterThanOrEqual(before);
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
  });

  it('does not call back what was cancelled, however long the delay', () => {
    const cancel = systemClock.after(2 ** 40, () => expect.unreachable());
    cancel();
  });

  it('ends a sleep with the reason of its signal', async () => {
    const reason = new Error('enough');
    const caller = new AbortController();
    const sleeping = systemClock.sleep(2 ** 40, caller.signal);
    caller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    await expect(systemClock.sleep(2 ** 40, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('manualClock', () => {
  it('stands still until it is turned, and then fires what falls due, in order', async () => {
    const clock = manualClock(100);
    const log: string[] = [];
    clock.after(20, () => log.push(`b at ${clock.now()}`));
    clock.after(10, () => log.push(`a at ${clock.now()}`));
    clock.after(30, () => log.push('never'))();
    expect([clock.monotonic(), clock.pending]).toEqual([100, 2]);
    await clock.advance(50);
    expect(log).toEqual(['a at 110', 'b at 120']);
    expect([clock.now(), clock.pending]).toEqual([150, 0]);
  });

  it('fires timers that were set while it is turned', async () => {
    const clock = manualClock();
    const times: number[] = [];
    const tick = (): void => {
      times.push(clock.now());
      clock.after(10, tick);
    };
    tick();
    await clock.advance(25);
    expect(times).toEqual([0, 10, 20]);
  });

  it('ends a sleep with the reason of its signal, and leaves no timer', async () => {
    const clock = manualClock();
    const caller = new AbortController();
    const sleeping = clock.sleep(10, caller.signal);
    caller.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    expect(clock.pending).toBe(0);
  });
});

describe('systemProcess', () => {
  it('stops listening to a signal when told so', () => {
    const before = process.listenerCount('SIGUSR2');
    const stop = systemProcess.onSignal('SIGUSR2', () => {});
    expect(process.listenerCount('SIGUSR2')).toBe(before + 1);
    stop();
    expect(process.listenerCount('SIGUSR2')).toBe(before);
  });

  it('keeps the process alive while it listens to a signal', () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const stop = systemProcess.onSignal('SIGUSR2', () => {});
    expect(timers()).toBe(before + 1);
    stop();
    expect(timers()).toBe(before);
  });

  it('does not keep the process alive by its grace period', () => {
    const before = process.getActiveResourcesInfo().length;
    const cancel = systemProcess.ifStillAliveAfter(60_000, () => expect.unreachable());
    expect(process.getActiveResourcesInfo().length).toBe(before);
    cancel();
  });
});

describe('Place', () => {
  function made(): Place {
    return new Place(made);
  }

  it('is where the function was called', () => {
    // @call
    const place = made();
    expect(String(place)).toBe(written(import.meta.url, 'call'));
  });

  it('leaves the stack traces of others as long as they are', () => {
    const before = Error.stackTraceLimit;
    made();
    expect(Error.stackTraceLimit).toBe(before);
  });

  it('is unknown where the engine gives no frame', () => {
    expect(String(new Place(() => {}))).toBe('unknown place');
  });
});

describe('placeIn', () => {
  it.each([
    ['    at file:///opt/a/b.ts:3:7', '/opt/a/b.ts:3'],
    ['    at async start (file:///opt/a/b.ts:3:7)', '/opt/a/b.ts:3'],
    ['    at new Log (/opt/a/b.ts:3:7)', '/opt/a/b.ts:3'],
    ['    at Object.start [as run] (file:///opt/a%20(copy)/b.ts:3:7)', '/opt/a (copy)/b.ts:3'],
    ['    at file:///opt/(copy)/b.ts:3:7', '/opt/(copy)/b.ts:3'],
    ['    at /opt/a (copy)/b.ts:3:7', '/opt/a (copy)/b.ts:3'],
    [
      'Error: at x\n    at node:fs:1:2\n    at async open (node:fs/promises:1:2)\n    at f (/opt/b.ts:3:7)\n    at g (/opt/c.ts:4:1)',
      '/opt/b.ts:3',
    ],
    ['Error: refused\n    at TCPConnectWrap.afterConnect (node:net:1:2)', undefined],
    ['Error: refused', undefined],
    [undefined, undefined],
  ])('of %j is %j', (stack, place) => {
    expect(placeIn(stack)).toBe(place);
  });
});
