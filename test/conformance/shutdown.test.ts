import { describe, expect, it } from 'vitest';
import { component, invoke, Lifecycle, run, Shutdowner, type Event } from '../../src/fx/index.ts';
import { hooked, subject } from './support.ts';

/** An app that can be asked to end from outside. */
function asking(...list: Parameters<typeof subject>[0]) {
  let shutdowner: Shutdowner | undefined;
  const asked = subject([
    ...list,
    invoke({ shutdowner: Shutdowner }, function ask(needs) {
      shutdowner = needs.shutdowner;
    }),
  ]);
  return { ...asked, shutdown: (...request: Parameters<Shutdowner['shutdown']>) => shutdowner?.shutdown(...request) };
}

/** Runs a list to its end; `then` is called once it has started. */
async function ran(list: Parameters<typeof subject>[0], then: (process: ReturnType<typeof subject>['process']) => void = () => {}) {
  const { process, clock } = subject([]);
  const events: Event[] = [];
  const running = run(list, { process, clock, sinks: [(event) => void events.push(event)] });
  await clock.advance(0);
  then(process);
  return { exitCode: await running, kinds: events.map(({ kind }) => kind), events };
}

describe('shutdown', () => {
  it('H01 a shutdown reaches everybody who waits', async () => {
    const { app, shutdown } = asking();
    await app.start();
    const waiting = [app.wait(), app.wait(), app.wait()];
    shutdown({ exitCode: 3 });
    expect(await Promise.all(waiting)).toEqual([1, 2, 3].map(() => ({ by: 'ask', exitCode: 3 })));
    await app.stop();
  });

  it('H02 [deviation] the first request counts and later ones are dropped; nothing can be blocked', async () => {
    const { app, shutdown, events, process } = asking();
    await app.start();
    shutdown({ exitCode: 3 });
    expect(() => shutdown({ exitCode: 4 })).not.toThrow();
    const waiting = app.wait();
    process.signal('SIGTERM');
    expect(await waiting).toEqual({ by: 'ask', exitCode: 3 });
    await app.stop();
    expect(events.filter(({ kind }) => kind === 'ShutdownRequested')).toHaveLength(3);
    expect(events.findLast(({ kind }) => kind === 'Stopping')).toMatchObject({ by: 'ask' });
    expect(process.exits).toEqual([]);
  });

  it('H03 who begins to wait later gets it too, and nothing stops until stop is called', async () => {
    const calls: string[] = [];
    const { app, shutdown } = asking(hooked('one', calls));
    await app.start();
    shutdown();
    expect(await app.wait()).toEqual({ by: 'ask', exitCode: 0 });
    expect(await app.wait()).toEqual({ by: 'ask', exitCode: 0 });
    expect(app.report().state).toBe('started');
    expect(calls).toEqual(['start one']);
    await app.stop();
  });

  it('H04 the exit code reaches everybody who waits, and run returns it', async () => {
    const { app, shutdown } = asking();
    await app.start();
    const waiting = [app.wait(), app.wait()];
    shutdown({ exitCode: 42 });
    expect((await Promise.all(waiting)).map(({ exitCode }) => exitCode)).toEqual([42, 42]);
    await app.stop();
    const ending = component({
      name: 'ending',
      requires: { lifecycle: Lifecycle, shutdowner: Shutdowner },
      create: ({ lifecycle, shutdowner }) => lifecycle.append({ start: () => shutdowner.shutdown({ exitCode: 42 }) }),
    });
    expect((await ran([ending])).exitCode).toBe(42);
  });

  it('H05 [deviation] a shutdown while the app is built lets start go on, but run ends the start and stops', async () => {
    const calls: string[] = [];
    const hasty = invoke({ shutdowner: Shutdowner }, function hasty({ shutdowner }) {
      shutdowner.shutdown({ exitCode: 5 });
    });
    const later = component({
      name: 'later',
      create: () => {},
      start: () => new Promise(() => {}),
      stop: () => void calls.push('stop later'),
    });
    const { app } = subject([hasty, hooked('one', calls)]);
    await app.start();
    expect(await app.wait()).toMatchObject({ by: 'hasty', exitCode: 5 });
    await app.stop();
    expect(calls.splice(0)).toEqual(['start one', 'stop one']);
    expect((await ran([hasty, hooked('one', calls), later])).exitCode).toBe(5);
    expect(calls.filter((call) => call.startsWith('stop'))).toEqual(calls.includes('start one') ? ['stop one'] : []);
  });

  it('H06 start, shutdown and stop may be repeated, with the right code every time', async () => {
    const { app, shutdown } = asking();
    const codes: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      await app.start();
      const waiting = app.wait();
      shutdown({ exitCode: round });
      codes.push((await waiting).exitCode);
      await app.stop();
    }
    expect(codes).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('H07 a start alone listens to no signals; waiting does, and stopping ends that', async () => {
    const { app, process } = subject([]);
    await app.start();
    expect([process.signal('SIGINT'), process.signal('SIGTERM')]).toEqual([false, false]);
    const waiting = [app.wait(), app.wait()];
    expect(process.signal('SIGINT')).toBe(true);
    expect(await Promise.all(waiting)).toMatchObject([{ by: 'SIGINT' }, { by: 'SIGINT' }]);
    await app.stop();
    await app.stop();
    expect([process.signal('SIGINT'), process.signal('SIGTERM')]).toEqual([false, false]);
    expect(process.exits).toEqual([]);
  });

  it('H08 run ends with 0 after a signal, and tells of start, signal and stop', async () => {
    const { exitCode, kinds, events } = await ran([hooked('one', [])], (process) => void process.signal('SIGTERM'));
    expect(exitCode).toBe(0);
    expect(kinds.filter((kind) => /^(Started|Stopping|Stopped)$/.test(kind))).toEqual(['Started', 'Stopping', 'Stopped']);
    expect(events.find(({ kind }) => kind === 'Stopping')).toMatchObject({ by: 'SIGTERM' });
  });

  it('H09 a signal that comes during the stop blocks nothing', async () => {
    const { app, process } = subject([component({ name: 'one', create: () => {}, stop: () => void process.signal('SIGTERM') })]);
    await app.start();
    const waiting = app.wait();
    await app.stop();
    expect(await waiting).toMatchObject({ by: 'SIGTERM' });
    expect(app.report().state).toBe('stopped');
    expect(process.exits).toEqual([]);
  });
});
