import { describe, expect, it } from 'vitest';
import { recorder, rejection, settled } from '../../test/support.ts';
import {
  app,
  component,
  decorate,
  EventSink,
  FxError,
  invoke,
  Jobs,
  Lifecycle,
  many,
  module,
  replace,
  sink,
  supply,
  token,
  type Component,
  type Event,
} from './index.ts';
import type { EventOf } from './events.ts';
import { fakeProcess, manualClock } from './testing.ts';
import { turn } from './testing/clock.ts';

const error = new Error('oops');
const of = { at: 1, component: 'store', module: '' } as const;
const within = { ...of, module: 'inner' } as const;
const declared = { outputs: ['store', 'check[]'], private: false, trace: ['a.ts:1'] } as const;
const hook = { ...of, hook: 'connect' } as const;

/** Every kind, well and badly, and the lines that tell it. */
const told: { readonly [K in Event['kind']]: readonly (readonly [Omit<EventOf<K>, 'kind'>, ...string[]])[] } = {
  Provided: [
    [{ ...of, ...declared }, 'PROVIDE\tstore <= store', 'PROVIDE\tcheck[] <= store'],
    [{ ...within, ...declared, outputs: ['store'], private: true }, 'PROVIDE (PRIVATE)\tstore <= store from module "inner"'],
    [{ ...of, ...declared, outputs: ['store'], error }, 'PROVIDE\tstore <= store', 'Error after options were applied: oops'],
  ],
  Supplied: [
    [{ ...of, ...declared }, 'SUPPLY\tstore', 'SUPPLY\tcheck[]'],
    [{ ...within, ...declared, outputs: ['store'], error }, 'SUPPLY\tstore from module "inner"', 'ERROR\tFailed to supply: oops'],
  ],
  Replaced: [
    [{ ...within, ...declared, outputs: ['store'] }, 'REPLACE\tstore from module "inner"'],
    [{ ...of, ...declared, outputs: ['store'], error }, 'REPLACE\tstore', 'ERROR\tFailed to replace: oops'],
  ],
  Decorated: [
    [{ ...within, ...declared, outputs: ['store'] }, 'DECORATE\tstore <= store from module "inner"'],
    [{ ...of, ...declared, outputs: ['store'], error }, 'DECORATE\tstore <= store', 'Error after options were applied: oops'],
  ],
  BeforeRun: [
    [{ ...of, kindOfRun: 'provide' }, 'BEFORE RUN\tprovide: store'],
    [{ ...within, kindOfRun: 'decorate' }, 'BEFORE RUN\tdecorate: store from module "inner"'],
  ],
  Run: [
    [{ ...of, kindOfRun: 'provide', runtimeMs: 1.23456 }, 'RUN\tprovide: store in 1.235ms'],
    [{ ...within, kindOfRun: 'supply', runtimeMs: 1500, error }, 'RUN\tsupply: store in 1.5s from module "inner"', 'Error returned: oops'],
  ],
  Invoking: [[within, 'INVOKE\t\tstore from module "inner"']],
  Invoked: [
    [{ ...of, runtimeMs: 1, place: 'a.ts:1' }],
    [{ ...of, runtimeMs: 1, place: 'a.ts:1', error }, 'ERROR\t\tinvoke(store) called from:\na.ts:1\nFailed: oops'],
  ],
  OnStartExecuting: [[hook, 'HOOK OnStart\t\tconnect executing (caller: store)']],
  OnStartExecuted: [
    [{ ...hook, runtimeMs: 5 }, 'HOOK OnStart\t\tconnect called by store ran successfully in 5ms'],
    [{ ...hook, runtimeMs: 5, error }, 'HOOK OnStart\t\tconnect called by store failed in 5ms: oops'],
  ],
  OnStopExecuting: [[hook, 'HOOK OnStop\t\tconnect executing (caller: store)']],
  OnStopExecuted: [
    [{ ...hook, runtimeMs: 5 }, 'HOOK OnStop\t\tconnect called by store ran successfully in 5ms'],
    [{ ...hook, runtimeMs: 5, error }, 'HOOK OnStop\t\tconnect called by store failed in 5ms: oops'],
  ],
  OnReadyExecuting: [[hook, 'HOOK OnReady\t\tconnect executing (caller: store)']],
  OnReadyExecuted: [[{ ...hook, runtimeMs: 5 }, 'HOOK OnReady\t\tconnect called by store ran successfully in 5ms']],
  OnDrainExecuting: [[hook, 'HOOK OnDrain\t\tconnect executing (caller: store)']],
  OnDrainExecuted: [[{ ...hook, runtimeMs: 5, error }, 'HOOK OnDrain\t\tconnect called by store failed in 5ms: oops']],
  Started: [
    [{ at: 1 }, 'RUNNING'],
    [{ at: 1, error }, 'ERROR\t\tFailed to start: oops'],
  ],
  Stopping: [
    [{ at: 1, by: 'SIGTERM' }, 'TERMINATED'],
    [{ at: 1, by: 'SIGINT' }, 'INTERRUPT'],
    [{ at: 1, by: 'store' }, 'STOPPING\tasked by store'],
  ],
  Stopped: [[{ at: 1 }], [{ at: 1, error }, 'ERROR\t\tFailed to stop cleanly: oops']],
  RollingBack: [[{ at: 1, error }, 'ERROR\t\tStart failed, rolling back: oops']],
  RolledBack: [[{ at: 1 }], [{ at: 1, error }, "ERROR\t\tCouldn't roll back cleanly: oops"]],
  LoggerInitialized: [
    [of, 'LOGGER\tInitialized custom logger from store'],
    [{ ...of, error }, 'ERROR\t\tFailed to initialize custom logger: oops'],
  ],
  Gated: [[{ ...within, because: 'setting "x" is false' }, 'OFF\t\tstore from module "inner": setting "x" is false']],
  Degraded: [[{ ...within, error }, 'DEGRADED\tstore from module "inner": oops']],
  Skipped: [[{ ...of, because: 'log failed' }, 'SKIPPED\t\tstore: log failed']],
  SettledLate: [
    [hook, 'LATE\t\tconnect of store settled after its deadline'],
    [{ ...hook, error }, 'LATE\t\tconnect of store settled after its deadline: oops'],
  ],
  JobFailed: [
    [{ ...of, job: 'sync', failures: 2, retryInMs: 2000, error }, 'JOB\t\tsync of store failed (2 in a row, again in 2s): oops'],
    [{ ...of, job: 'sync', failures: 3, retryInMs: undefined, error: 'text' }, 'JOB\t\tsync of store failed (3 in a row, gave up): text'],
  ],
  JobRecovered: [[{ ...of, job: 'sync', failures: 2 }, 'JOB\t\tsync of store recovered after 2 failures']],
  ShutdownRequested: [
    [{ at: 1, by: 'store', exitCode: 0 }, 'SHUTDOWN\trequested by store, exit code 0'],
    [{ at: 1, by: 'store', exitCode: 1, error }, 'SHUTDOWN\trequested by store, exit code 1: oops'],
  ],
  ForcedExit: [[{ at: 1, exitCode: 124, because: 'it hangs' }, 'ERROR\t\tForced exit with code 124: it hangs']],
};
const cases = Object.entries(told).flatMap(([kind, variants]) =>
  variants.map(([fields, ...lines]) => ({ event: { kind, ...fields } as Event, lines })),
);

describe('sink.console', () => {
  it.each(cases)('tells $event.kind as $lines', ({ event, lines }) => {
    const written: string[] = [];
    sink.console((text) => void written.push(text))(event);
    expect(written).toEqual(lines.map((line) => `[Fx] ${line}\n`));
  });
});

describe('sink.json', () => {
  it.each(cases)('writes $event.kind as one line that parses back', ({ event }) => {
    const written: string[] = [];
    sink.json((text) => void written.push(text))(event);
    expect(written).toHaveLength(1);
    expect(written[0]?.indexOf('\n')).toBe((written[0]?.length ?? 0) - 1);
    const parsed: unknown = JSON.parse(written[0] ?? '');
    const { error: said, ...fields } = { error: undefined, ...event };
    expect(parsed).toMatchObject(JSON.parse(JSON.stringify(fields)) as object);
    if (said instanceof Error) expect(parsed).toMatchObject({ error: { name: 'Error', message: 'oops' } });
  });

  it('keeps the findings of the framework', () => {
    const written: string[] = [];
    sink.json((text) => void written.push(text))({
      kind: 'Started',
      at: 0,
      error: new FxError([{ code: 'FX_LEAK', message: 'm', fix: 'f', cause: error }]),
    });
    expect(JSON.parse(written[0] ?? '')).toEqual({
      kind: 'Started',
      at: 0,
      error: { name: 'FxError', code: 'FX_LEAK', findings: [{ code: 'FX_LEAK', message: 'm', fix: 'f', cause: 'oops' }] },
    });
  });
});

interface Span {
  readonly ph: string;
  readonly name: string;
  readonly tid: string;
  readonly ts: number;
  readonly dur?: number;
}

describe('sink.chromeTrace', () => {
  it('is a timeline of constructors and hooks, a row per module, written whole after start and after stop', async () => {
    const clock = manualClock(100);
    const files: string[] = [];
    const slow = (name: string): Component =>
      component({ name, create: () => clock.sleep(10), start: () => clock.sleep(20), stop: () => clock.sleep(5) });
    const subject = app([slow('a'), module('inner', [slow('b')])], {
      clock,
      process: fakeProcess(),
      sinks: [sink.chromeTrace((json) => void files.push(json))],
    });
    await settled(clock, subject.start(), 1);
    expect(files).toHaveLength(1);
    await settled(clock, subject.stop(), 1);
    expect(files).toHaveLength(2);
    const { traceEvents, displayTimeUnit } = JSON.parse(files[1] ?? '') as {
      readonly traceEvents: readonly Span[];
      readonly displayTimeUnit: string;
    };
    expect(displayTimeUnit).toBe('ms');
    const spans = traceEvents.filter(({ ph }) => ph === 'X').map(({ name, tid, ts, dur = NaN }) => [name, tid, ts / 1000, dur / 1000]);
    expect(spans).toEqual([
      ['a create', 'app', 100, 10],
      ['b create', 'inner', 110, 10],
      ['a/a OnStart', 'app', 120, 20],
      ['b/b OnStart', 'inner', 140, 20],
      ['b/b OnStop', 'inner', 160, 5],
      ['a/a OnStop', 'app', 165, 5],
    ]);
    expect(traceEvents.filter(({ ph }) => ph === 'i').map(({ name, ts }) => [name, ts])).toEqual([
      ['Started', 160_000],
      ['Stopped', 170_000],
    ]);
  });

  it('is written for a start that failed', async () => {
    const files: string[] = [];
    const broken = component({ name: 'broken', create: () => Promise.reject(error) });
    await rejection(app([broken], { process: fakeProcess(), sinks: [sink.chromeTrace((json) => void files.push(json))] }).start());
    expect(JSON.parse(files[0] ?? '')).toMatchObject({
      traceEvents: [{ name: 'broken create', args: { error: { name: 'Error', message: 'oops' } } }, { name: 'Started' }],
    });
  });
});

const Store = token<string>()('store');
const store = component({ provides: Store, create: () => 'store' });

/** A logger as a component. */
const logger = (events: Event[], name = 'logger'): Component =>
  component({ name, provides: EventSink, create: () => (event: Event) => void events.push(event) });

describe('events', () => {
  it('tell a whole life in fx order: declarations, runs, hooks, end', async () => {
    const { sink: record, events } = recorder();
    const subject = app(
      [
        store,
        supply(many(Store), 'member'),
        decorate({ provides: Store, requires: { store: Store }, create: (needs) => needs.store }),
        module('inner', [replace(Store, 'other'), invoke({ store: Store }, function innerUser() {})]),
        component({ name: 'off', when: 'no', create: () => undefined }),
        component({
          name: 'user',
          requires: { store: Store, lifecycle: Lifecycle, all: many(Store) },
          create: ({ lifecycle }) => lifecycle.append({ name: 'h', start: () => {}, ready: () => {}, drain: () => {}, stop: () => {} }),
        }),
      ],
      { process: fakeProcess(), sinks: [record], settings: () => false },
    );
    await subject.start();
    await subject.stop();
    const builtIn = events.filter((event) => 'component' in event && event.component === 'fx');
    expect(builtIn.flatMap((event) => (event.kind === 'Provided' ? event.outputs : []))).toEqual([
      'fx.lifecycle',
      'fx.shutdowner',
      'fx.jobs',
      'fx.clock',
      'fx.process',
      'fx.app',
    ]);
    expect(events.slice(builtIn.length).map((event) => ('component' in event ? `${event.kind} ${event.component}` : event.kind)))
      .toMatchInlineSnapshot(`
      [
        "Provided store",
        "Supplied store #2",
        "Decorated store decorator",
        "Replaced store replacement",
        "Gated off",
        "BeforeRun store",
        "Run store",
        "BeforeRun store #2",
        "Run store #2",
        "BeforeRun store decorator",
        "Run store decorator",
        "BeforeRun store replacement",
        "Run store replacement",
        "Invoking innerUser",
        "Invoked innerUser",
        "Invoking user",
        "Invoked user",
        "OnStartExecuting user",
        "OnStartExecuted user",
        "OnReadyExecuting user",
        "OnReadyExecuted user",
        "Started",
        "OnDrainExecuting user",
        "OnDrainExecuted user",
        "OnStopExecuting user",
        "OnStopExecuted user",
        "Stopped",
      ]
    `);
  });

  it('are none when nobody listens', async () => {
    const process = fakeProcess();
    const subject = app([store, invoke({ store: Store }, () => {})], { process });
    await subject.start();
    await subject.stop();
    expect(process.warnings).toEqual([]);
  });

  it('say who asked for a stop', async () => {
    const process = fakeProcess();
    const { sink: record, events } = recorder();
    const subject = app([store], { process, sinks: [record] });
    const asked = subject.wait();
    await subject.start();
    process.signal('SIGTERM');
    await asked;
    await subject.stop();
    expect(events.slice(-3)).toMatchObject([
      { kind: 'ShutdownRequested', by: 'SIGTERM', exitCode: 0 },
      { kind: 'Stopping', by: 'SIGTERM' },
      { kind: 'Stopped' },
    ]);
  });

  const angry = (): never => {
    throw new Error('disk full');
  };
  it.each([
    ['throws', angry],
    ['rejects', async () => angry()],
  ])('survive a sink that %s, and so do the other sinks', async (...[, failing]) => {
    const { sink: record, kinds } = recorder();
    const subject = app([store, component({ name: 'angry-logger', provides: EventSink, create: () => failing })], {
      process: fakeProcess(),
      sinks: [failing, record],
    });
    await subject.start();
    await subject.stop();
    expect(kinds().at(-1)).toBe('Stopped');
  });
});

describe('EventSink as a component', () => {
  it('gets everything from the first event on, in order, once it is built', async () => {
    const own: Event[] = [];
    const { sink: record, events } = recorder();
    const subject = app([store, invoke({ store: Store }, function early() {}), logger(own)], { process: fakeProcess(), sinks: [record] });
    await subject.start();
    await subject.stop();
    expect(own).toEqual(events);
    expect(own.map(({ kind }) => kind)).toContain('LoggerInitialized');
    expect(own[0]?.kind).toBe('Provided');
  });

  it('is built though nobody requires it', () => {
    expect(app([logger([])]).plan().order).toMatchObject([{ component: 'logger', because: 'root' }]);
  });

  it('takes declarations and runs of its module, but no hooks, which are the concern of the app', async () => {
    const [outer, inner]: [Event[], Event[]] = [[], []];
    const worker = component({ name: 'worker', create: () => undefined, start: () => {} });
    const subject = app([logger(outer), module('inner', [logger(inner, 'inner-logger'), worker])], { process: fakeProcess() });
    await subject.start();
    await subject.stop();
    const about = (events: readonly Event[]): string[] =>
      events.flatMap((event) => ('component' in event && event.component === 'worker' ? [event.kind] : []));
    expect(about(inner)).toEqual(['Invoking', 'Invoked']);
    expect(about(outer)).toEqual(['OnStartExecuting', 'OnStartExecuted']);
  });

  it('falls back to standard error for what was kept when the start fails before it is built', async () => {
    const process = fakeProcess();
    const broken = component({ name: 'broken', create: () => Promise.reject(error) });
    await rejection(app([broken, logger([])], { process }).start());
    expect(process.warnings.join('')).toMatch(/\[Fx\] PROVIDE\tfx\.event-sink <= logger\n[\s\S]*Failed: oops[\s\S]*Failed to start/);
  });

  it('is left out with TRACE_FX=0', async () => {
    const own: Event[] = [];
    const process = fakeProcess({ env: { TRACE_FX: '0' } });
    const subject = app([logger(own)], { process });
    await subject.start();
    await subject.stop();
    expect([own, process.warnings]).toEqual([[], []]);
  });

  it('hears of jobs', async () => {
    const clock = manualClock();
    const own: Event[] = [];
    const worker = component({
      name: 'worker',
      requires: { jobs: Jobs },
      create: ({ jobs }) => jobs.oneShot({ name: 'sync', run: () => Promise.reject(error) }),
    });
    const subject = app([logger(own), worker], { process: fakeProcess(), clock });
    await subject.start();
    await turn();
    expect(own.find(({ kind }) => kind === 'JobFailed')).toMatchObject({ job: 'sync', component: 'worker', retryInMs: 1000 });
    await subject.stop();
  });
});
