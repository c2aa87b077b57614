import { describe, expect, it } from 'vitest';
import { component, FxError, invoke, Lifecycle, run, type Event } from '../../src/fx/index.ts';
import { failureOf, hooked, live, never, reject, Store, subject } from './support.ts';

type Hook = Parameters<Lifecycle['append']>[0];

/** A component that appends hooks. */
const appending = (name: string, ...hooks: readonly Hook[]) =>
  component({ name, requires: { lifecycle: Lifecycle }, create: ({ lifecycle }) => hooks.forEach((hook) => lifecycle.append(hook)) });

const failingToStop = (name: string) => appending(name, { stop: reject(`${name} stuck`) });

const errorsOf = (events: readonly Event[], wanted: Event['kind']): readonly unknown[] =>
  events.flatMap((event) => (event.kind === wanted ? [event.error] : []));

describe('lifecycle', () => {
  it('L01 start hooks run in the order in which they were appended', async () => {
    const calls: string[] = [];
    const tell = (name: string): Hook => ({ start: () => void calls.push(name) });
    await live([appending('one', tell('1'), tell('2')), appending('two', tell('3'))]);
    expect(calls).toEqual(['1', '2', '3']);
  });

  it('L02 stop hooks run in reverse', async () => {
    const calls: string[] = [];
    const tell = (name: string): Hook => ({ stop: () => void calls.push(name) });
    await live([appending('one', tell('1'), tell('2')), appending('two', tell('3'))]);
    expect(calls).toEqual(['3', '2', '1']);
  });

  it('L03 when a hook fails to start, those behind it do not start, those before it are stopped, itself is not', async () => {
    const calls: string[] = [];
    const broken = component({ name: 'broken', create: () => {}, start: reject('busy'), stop: () => void calls.push('stop broken') });
    const { app } = subject([hooked('before', calls), broken, hooked('behind', calls)]);
    await failureOf(app.start());
    await app.stop();
    expect(calls).toEqual(['start before', 'stop before']);
  });

  it('L04 when the rollback fails too, the error holds both, the start first, and the events say so in order', async () => {
    const { app, events, kinds } = subject([
      appending('first', { start: () => {}, stop: reject('stuck') }),
      appending('second', { start: reject('busy') }),
    ]);
    const error = await failureOf(app.start());
    expect(error.findings.map(({ code, component: culprit }) => [code, culprit])).toEqual([
      ['FX_START_FAILED', 'second'],
      ['FX_STOP_FAILED', 'first'],
    ]);
    expect(kinds(/^(Invoked|OnSt|Roll|Started)/).slice(1)).toEqual([
      'Invoked',
      'OnStartExecuting',
      'OnStartExecuted',
      'OnStartExecuting',
      'OnStartExecuted',
      'RollingBack',
      'OnStopExecuting',
      'OnStopExecuted',
      'RolledBack',
      'Started',
    ]);
    expect(errorsOf(events, 'RollingBack')).toMatchObject([{ code: 'FX_START_FAILED' }]);
    expect(errorsOf(events, 'RolledBack')).toMatchObject([{ code: 'FX_STOP_FAILED' }]);
    expect(errorsOf(events, 'Started')).toEqual([error]);
  });

  it('L05 a stop hook that fails keeps none of the others from running, and all errors are returned', async () => {
    const calls: string[] = [];
    const { app } = subject([hooked('first', calls), failingToStop('second'), hooked('third', calls), failingToStop('fourth')]);
    await app.start();
    const error = await failureOf(app.stop());
    expect(calls.slice(2)).toEqual(['stop third', 'stop first']);
    expect(error.findings.map((finding) => finding.component)).toEqual(['fourth', 'second']);
  });

  it('L06 a hook may have a stop only, or nothing at all', async () => {
    const calls: string[] = [];
    const { kinds } = await live([appending('one', { stop: () => void calls.push('stop') }, {})]);
    expect(calls).toEqual(['stop']);
    expect(kinds(/^OnSt/)).toEqual(['OnStopExecuting', 'OnStopExecuted']);
  });

  it('L07 a stop before the start, or without hooks, does nothing', async () => {
    const calls: string[] = [];
    const unstarted = subject([hooked('one', calls)]);
    await unstarted.app.stop();
    expect(calls).toEqual([]);
    expect(unstarted.events).toEqual([]);
    await expect(live([invoke({}, () => {})])).resolves.toBeDefined();
  });

  it('L08 a second start is an error that names the state; after a stop it works again', async () => {
    const calls: string[] = [];
    const { app } = subject([hooked('one', calls)]);
    const starting = app.start();
    expect((await failureOf(app.start())).message).toMatch(/FX_STATE: attempted to start the app when in state: starting/);
    await starting;
    expect((await failureOf(app.start())).message).toMatch(/FX_STATE: attempted to start the app when in state: started/);
    await app.stop();
    await app.start();
    await app.stop();
    expect(calls).toEqual(['start one', 'stop one', 'start one', 'stop one']);
  });

  it('L09 a start that is cancelled beforehand runs no hook and is an error; the stop of nothing is none', async () => {
    const calls: string[] = [];
    const { app } = subject([hooked('one', calls)]);
    expect((await failureOf(app.start({ signal: AbortSignal.abort(new Error('not today')) }))).message).toMatch(
      /FX_INTERRUPTED: .*not today/,
    );
    await app.stop();
    expect(calls).toEqual([]);
  });

  it('L10 [deviation] a stop cannot be cancelled: its hooks run in any case, each with a share of the time that is left', async () => {
    const calls: string[] = [];
    const slow = appending('slow', { stop: never });
    const { app, clock } = subject([hooked('first', calls), slow], { stopTimeoutMs: 1000 });
    const caller = new AbortController();
    await app.start({ signal: caller.signal });
    caller.abort();
    const stopping = failureOf(app.stop());
    await clock.advance(500);
    expect((await stopping).findings).toMatchObject([{ code: 'FX_STOP_TIMEOUT', component: 'slow' }]);
    expect(calls).toEqual(['start first', 'stop first']);
  });

  it('L11 the start ends with the deadline, though a hook hangs', async () => {
    const { app, clock } = subject([hooked('first', []), appending('slow', { name: 'dial', start: never })], { startTimeoutMs: 1000 });
    const failing = failureOf(app.start());
    await clock.advance(999);
    expect(app.report().state).toBe('starting');
    await clock.advance(1);
    const error = await failing;
    expect(error.code).toBe('FX_START_TIMEOUT');
    expect(error.message).toMatch(
      /start hook "dial" of slow did not settle within .* \(1 s were left for it\); also running: nothing; done: first/,
    );
  });

  it('L12 a start that is cancelled ends as cancelled, not as late', async () => {
    const caller = new AbortController();
    const { app, clock } = subject([appending('slow', { start: never })], { startTimeoutMs: 1000 });
    const failing = failureOf(app.start({ signal: caller.signal }));
    await clock.advance(10);
    caller.abort(new Error('changed my mind'));
    const error = await failing;
    expect(error.findings.map(({ code }) => code)).toEqual(['FX_INTERRUPTED']);
    expect(error.message).toMatch(/changed my mind/);
  });

  it('L13 [deviation] a start that is late stops by itself what had finished, on a fresh budget; a later stop finds nothing', async () => {
    const calls: string[] = [];
    const first = appending('first', { start: () => {}, stop: ({ deadline }) => void calls.push(`stop by ${deadline}`) });
    const slow = appending('slow', { start: never, stop: () => void calls.push('stop slow') });
    const { app, clock } = subject([first, slow], { startTimeoutMs: 1000, stopTimeoutMs: 500 });
    const failing = failureOf(app.start());
    await clock.advance(1000);
    await failing;
    await app.stop();
    expect(calls).toEqual(['stop by 1500']);
  });

  it('L14 [deviation] a stop during the start ends it: what had started is stopped once, and the start is interrupted', async () => {
    const calls: string[] = [];
    const slow = appending('slow', { start: never, stop: () => void calls.push('stop slow') });
    const { app, clock } = subject([hooked('first', calls), slow]);
    const failing = failureOf(app.start());
    await clock.advance(0);
    await app.stop();
    expect((await failing).code).toBe('FX_INTERRUPTED');
    expect(calls).toEqual(['start first', 'stop first']);
    expect(app.report().state).toBe('stopped');
  });

  it('L15 hooks see the deadlines of the app', async () => {
    const seen: number[] = [];
    const one = appending('one', { start: ({ deadline }) => void seen.push(deadline), stop: ({ deadline }) => void seen.push(deadline) });
    await live([one], { startTimeoutMs: 2000, stopTimeoutMs: 3000 });
    expect(seen).toEqual([2000, 3000]);
  });

  it('L16 run ends with a failure when the start, its rollback or the stop is late, and the events carry the deadline', async () => {
    const cases = [
      { hooks: [appending('slow', { start: never })], event: 'Started', codes: ['FX_START_TIMEOUT'] },
      {
        hooks: [appending('stuck', { start: () => {}, stop: never }), appending('slow', { start: never })],
        event: 'Started',
        codes: ['FX_START_TIMEOUT', 'FX_STOP_TIMEOUT'],
      },
      { hooks: [appending('stuck', { stop: never })], event: 'Stopped', codes: ['FX_STOP_TIMEOUT'] },
    ] as const;
    for (const { hooks, event, codes } of cases) {
      const { process, clock } = subject([]);
      const events: Event[] = [];
      const running = run(hooks as readonly ReturnType<typeof appending>[], {
        process,
        clock,
        startTimeoutMs: 1000,
        stopTimeoutMs: 1000,
        sinks: [(each) => void events.push(each)],
      });
      await clock.advance(1000);
      process.signal('SIGTERM');
      await clock.advance(1000);
      expect(await running).toBe(1);
      const [error] = errorsOf(events, event);
      expect(error).toBeInstanceOf(FxError);
      expect(error).toMatchObject({ findings: codes.map((code) => ({ code })) });
    }
  });

  it('L17 hooks come in every form: with and without context, at once and later, and absent', async () => {
    const calls: string[] = [];
    const forms: readonly Hook['start'][] = [
      () => void calls.push('plain'),
      async () => void calls.push('async'),
      ({ deadline }) => void calls.push(`plain by ${deadline}`),
      async ({ signal }) => void calls.push(`async ${signal.aborted}`),
      undefined,
    ];
    for (const form of ['start', 'stop'] as const) {
      calls.length = 0;
      for (const each of forms) await live([appending('one', { [form]: each })], { startTimeoutMs: 1000, stopTimeoutMs: 1000 });
      expect(calls).toEqual(['plain', 'async', 'plain by 1000', 'async false']);
    }
    const failing = [
      () => Promise.reject(new Error('later')),
      () => {
        throw new Error('at once');
      },
    ];
    const messages = await Promise.all(
      failing.map(async (start) => (await failureOf(subject([appending('one', { name: 'up', start })]).app.start())).findings[0]?.message),
    );
    expect(messages).toEqual(['start hook "up" of one failed: later', 'start hook "up" of one failed: at once']);
  });

  it('L18 a hook that never comes back is given up with an error of its own, even where no deadline was set', async () => {
    const { app, clock } = subject([appending('lost', { name: 'dial', start: never })]);
    const failing = failureOf(app.start());
    await clock.advance(5 * 60 * 1000);
    expect((await failing).findings).toMatchObject([{ code: 'FX_START_TIMEOUT', component: 'lost' }]);
    expect(app.report().components[0]?.hooks).toMatchObject([{ name: 'dial', state: 'failed', isStillRunning: true }]);
  });

  it('L19 a stop hook that fails, or is late, is the error of the stop', async () => {
    const failing = subject([appending('one', { name: 'down', stop: reject('stuck') })]);
    await failing.app.start();
    expect((await failureOf(failing.app.stop())).message).toMatch(/FX_STOP_FAILED: stop hook "down" of one failed: stuck/);
    const late = subject([appending('one', { name: 'down', stop: never })], { stopTimeoutMs: 1000 });
    await late.app.start();
    const stopping = failureOf(late.app.stop());
    await late.clock.advance(1000);
    expect((await stopping).message).toMatch(
      /FX_STOP_TIMEOUT: stop hook "down" of one did not settle within the deadline of the whole stop/,
    );
  });

  it('L20 when the list is wrong, the start runs no hook and throws the error of the app', async () => {
    const calls: string[] = [];
    const { app } = subject([hooked('one', calls), invoke({ store: Store }, () => {})]);
    await expect(app.start()).rejects.toBe(app.error);
    expect(app.error?.code).toBe('FX_MISSING');
    expect(calls).toEqual([]);
  });
});
