import { describe, expect, it } from 'vitest';
import { component, decorate, EventSink, invoke, Lifecycle, module, replace, sink, supply, type Event } from '../../src/fx/index.ts';
import { Cache, failureOf, live, placeIn, reject, Server, Store, subject } from './support.ts';

/** A logger that keeps what it is told, as a component. */
function keeping(name = 'logger') {
  const events: Event[] = [];
  const told: EventSink = (event) => void events.push(event);
  return {
    events,
    told,
    logger: component({ name, provides: EventSink, create: () => told }),
    kinds: () => events.map(({ kind }) => kind),
  };
}
const componentsOf = (events: readonly Event[], wanted: Event['kind']): readonly string[] =>
  events.flatMap((event) => (event.kind === wanted && 'component' in event ? [event.component] : []));
const useStore = invoke({ store: Store }, function useStore() {});

const lines = (event: Event): string => {
  let text = '';
  sink.console((line) => void (text += line))(event);
  return text;
};

describe('logger', () => {
  it('X01 a logger may be built from the graph; what happened before is handed over in order', async () => {
    const { events: kept, told } = keeping();
    const logger = component({ name: 'logger', provides: EventSink, requires: { store: Store }, create: () => told });
    const { events } = await live([supply(Store, 'disk'), logger, useStore]);
    expect(kept).toEqual(events);
    expect(kept[0]).toMatchObject({ kind: 'Provided', component: 'fx' });
    expect(componentsOf(kept, 'LoggerInitialized')).toEqual(['logger']);
  });

  it('X02 when the logger, or what it needs, cannot be built, the console gets everything and says so', async () => {
    const broken = component({
      name: 'logger',
      provides: EventSink,
      requires: { store: Store },
      create: () => Promise.reject(new Error('no file')),
    });
    const own = subject([supply(Store, 'disk'), broken]);
    expect((await failureOf(own.app.start())).findings).toMatchObject([{ component: 'logger' }]);
    const said = own.process.warnings.join('');
    expect(said).toMatch(/^\[Fx\] PROVIDE\tfx\.lifecycle <= fx\n/);
    expect(said).toMatch(/\[Fx\] ERROR\t\tFailed to initialize custom logger: no file\n/);
    expect(said).toMatch(/\[Fx\] ERROR\t\tFailed to start: FX_CREATE_FAILED: constructor of logger failed: no file\n/);
    const dependency = subject([component({ provides: Store, create: reject('no disk') }), broken]);
    await failureOf(dependency.app.start());
    expect(dependency.process.warnings.join('')).toMatch(
      /RUN\tprovide: store in 0ms\n.*Error returned: no disk\n[^]*Failed to start: FX_CREATE_FAILED: constructor of store failed/,
    );
    const dispensable = component({
      name: 'logger',
      provides: EventSink,
      onFailure: 'continue',
      create: () => Promise.reject(new Error('no file')),
    });
    const without = await live([dispensable]);
    expect(without.process.warnings.join('')).toMatch(/Failed to initialize custom logger: no file\n[^]*\[Fx\] RUNNING\n/);
  });

  it('X03 a logger may append hooks, and they run', async () => {
    const calls: string[] = [];
    const logger = component({
      name: 'logger',
      provides: EventSink,
      requires: { lifecycle: Lifecycle },
      create({ lifecycle }) {
        lifecycle.append({ start: () => void calls.push('start'), stop: () => void calls.push('stop') });
        return () => {};
      },
    });
    await live([logger]);
    expect(calls).toEqual(['start', 'stop']);
  });

  it('X04 the logger of a module gets what is built in it and in the modules in it; hooks and the app go to the top', async () => {
    const [top, inner] = [keeping('top'), keeping('inner')];
    const store = component({ provides: Store, create: () => '', start: () => {} });
    const deep = module('deep', [invoke({}, function deepest() {})]);
    await live([top.logger, module('inner', [inner.logger, store, useStore, deep]), invoke({}, function outside() {})]);
    expect(componentsOf(inner.events, 'Invoked')).toEqual(['useStore', 'deepest']);
    expect(componentsOf(top.events, 'Invoked')).toEqual(['outside']);
    expect(inner.kinds().filter((kind) => /^(OnSt|Start|Stop)/.test(kind))).toEqual([]);
    expect(top.kinds().filter((kind) => /^(OnSt|Start|Stop)/.test(kind))).toEqual([
      'OnStartExecuting',
      'OnStartExecuted',
      'Started',
      'Stopped',
    ]);
    expect(componentsOf(inner.events, 'Provided')).toEqual(['inner', 'store']);
  });

  it('X05 a logger that is decorated or replaced is heard as such in its scope, from the first event on', async () => {
    const [raw, instead] = [keeping('raw'), keeping('instead')];
    const marked: Event[] = [];
    const marking = decorate({
      provides: EventSink,
      requires: { inner: EventSink },
      create:
        ({ inner }) =>
        (event: Event): void => {
          marked.push(event);
          inner(event);
        },
    });
    const { events } = await live([raw.logger, marking, useStore, supply(Store, '')]);
    expect(marked).toEqual(events);
    expect(raw.events).toEqual(events);
    const unused = keeping('unused');
    const replaced = await live([unused.logger, replace(EventSink, instead.told)]);
    expect(instead.events).toEqual(replaced.events);
    expect(unused.events).toEqual([]);
    expect(componentsOf(replaced.events, 'Run')).toEqual(['fx.event-sink replacement']);
    const top = keeping('top');
    const inside: Event[] = [];
    const muting = decorate({ provides: EventSink, requires: {}, create: () => (event: Event) => void inside.push(event) });
    await live([top.logger, module('inner', [muting, invoke({}, function within() {})]), invoke({}, function outside() {})]);
    expect(componentsOf(inside, 'Invoked')).toEqual(['within']);
    expect(componentsOf(top.events, 'Invoked')).toEqual(['outside']);
  });

  it('X06 every constructor, decorator, supplied and replacing value has a pair of events around its run', async () => {
    const { app, events, clock } = subject([
      component({ provides: Store, create: () => clock.sleep(10).then(() => 'disk') }),
      decorate({ provides: Store, requires: { store: Store }, create: ({ store }) => store }),
      supply(Cache, 'lru'),
      replace(Cache, 'none'),
      invoke({ store: Store, cache: Cache }, () => {}),
      component({ name: 'other', provides: Server, create: reject('no') }),
      component({ name: 'needs other', requires: { other: Server }, create: () => {} }),
    ]);
    const failing = failureOf(app.start());
    await clock.advance(10);
    await failing;
    const runs = events.flatMap((event) => (event.kind === 'Run' || event.kind === 'BeforeRun' ? [event] : []));
    expect(
      runs.map((event) => [event.kind, event.kindOfRun, event.component, 'runtimeMs' in event ? event.runtimeMs : undefined, event.error]),
    ).toEqual([
      ['BeforeRun', 'provide', 'store', undefined, undefined],
      ['Run', 'provide', 'store', 10, undefined],
      ['BeforeRun', 'decorate', 'store decorator', undefined, undefined],
      ['Run', 'decorate', 'store decorator', 0, undefined],
      ['BeforeRun', 'replace', 'cache replacement', undefined, undefined],
      ['Run', 'replace', 'cache replacement', 0, undefined],
      ['BeforeRun', 'provide', 'other', undefined, undefined],
      ['Run', 'provide', 'other', 0, new Error('no')],
    ]);
    const supplied = await live([supply(Store, 'disk'), useStore]);
    expect(supplied.kinds(/Run$/)).toEqual(['BeforeRun', 'Run']);
  });

  it('X07 [deviation] a trace leads from the item through its modules; where the app is made of the list is not part of it', async () => {
    const { events } = await live([module('outer', [module('inner', [supply(Store, 'disk')])])]);
    const [trace] = events.flatMap((event) => (event.kind === 'Supplied' ? [event.trace] : []));
    const here = placeIn('logger').source;
    expect(trace).toEqual([
      expect.stringMatching(`^${here}$`),
      expect.stringMatching(`^${here} \\(outer/inner\\)$`),
      expect.stringMatching(`^${here} \\(outer\\)$`),
    ]);
  });

  it('X08 [deviation] the console writes the lines of fx, with our names for components and functions', () => {
    const error = new Error('no disk');
    const of = { at: 0, component: 'db', module: '' } as const;
    const inside = { ...of, module: 'm' } as const;
    const declared = { ...of, outputs: ['store', 'cache'], private: false, trace: [] } as const;
    const hook = { ...of, hook: 'dial' } as const;
    const cases: readonly (readonly [Event, string])[] = [
      [{ kind: 'Provided', ...declared }, 'PROVIDE\tstore <= db|PROVIDE\tcache <= db'],
      [{ kind: 'Provided', ...declared, ...inside, outputs: ['store'], private: true }, 'PROVIDE (PRIVATE)\tstore <= db from module "m"'],
      [{ kind: 'Provided', ...declared, outputs: ['store'], error }, 'PROVIDE\tstore <= db|Error after options were applied: no disk'],
      [{ kind: 'Supplied', ...declared, ...inside, outputs: ['store'] }, 'SUPPLY\tstore from module "m"'],
      [{ kind: 'Supplied', ...declared, outputs: ['store'], error }, 'SUPPLY\tstore|ERROR\tFailed to supply: no disk'],
      [{ kind: 'Replaced', ...declared, ...inside, outputs: ['store'] }, 'REPLACE\tstore from module "m"'],
      [{ kind: 'Replaced', ...declared, outputs: ['store'], error }, 'REPLACE\tstore|ERROR\tFailed to replace: no disk'],
      [{ kind: 'Decorated', ...declared, ...inside, outputs: ['store'] }, 'DECORATE\tstore <= db from module "m"'],
      [{ kind: 'BeforeRun', ...inside, kindOfRun: 'supply' }, 'BEFORE RUN\tsupply: db from module "m"'],
      [{ kind: 'Run', ...of, kindOfRun: 'provide', runtimeMs: 12 }, 'RUN\tprovide: db in 12ms'],
      [
        { kind: 'Run', ...inside, kindOfRun: 'decorate', runtimeMs: 1500, error },
        'RUN\tdecorate: db in 1.5s from module "m"|Error returned: no disk',
      ],
      [{ kind: 'Invoking', ...inside }, 'INVOKE\t\tdb from module "m"'],
      [{ kind: 'Invoked', ...of, runtimeMs: 0, place: 'a.ts:1' }, ''],
      [{ kind: 'Invoked', ...of, runtimeMs: 0, place: 'a.ts:1', error }, 'ERROR\t\tinvoke(db) called from:\na.ts:1\nFailed: no disk'],
      [{ kind: 'OnStartExecuting', ...hook }, 'HOOK OnStart\t\tdial executing (caller: db)'],
      [{ kind: 'OnStartExecuted', ...hook, runtimeMs: 3 }, 'HOOK OnStart\t\tdial called by db ran successfully in 3ms'],
      [{ kind: 'OnStartExecuted', ...hook, runtimeMs: 3, error }, 'HOOK OnStart\t\tdial called by db failed in 3ms: no disk'],
      [{ kind: 'OnStopExecuting', ...hook }, 'HOOK OnStop\t\tdial executing (caller: db)'],
      [{ kind: 'OnStopExecuted', ...hook, runtimeMs: 3 }, 'HOOK OnStop\t\tdial called by db ran successfully in 3ms'],
      [{ kind: 'OnStopExecuted', ...hook, runtimeMs: 3, error }, 'HOOK OnStop\t\tdial called by db failed in 3ms: no disk'],
      [{ kind: 'Started', at: 0 }, 'RUNNING'],
      [{ kind: 'Started', at: 0, error }, 'ERROR\t\tFailed to start: no disk'],
      [{ kind: 'Stopping', at: 0, by: 'SIGTERM' }, 'TERMINATED'],
      [{ kind: 'Stopping', at: 0, by: 'SIGINT' }, 'INTERRUPT'],
      [{ kind: 'Stopping', at: 0, by: 'db' }, 'STOPPING\tasked by db'],
      [{ kind: 'Stopped', at: 0 }, ''],
      [{ kind: 'Stopped', at: 0, error }, 'ERROR\t\tFailed to stop cleanly: no disk'],
      [{ kind: 'RollingBack', at: 0, error }, 'ERROR\t\tStart failed, rolling back: no disk'],
      [{ kind: 'RolledBack', at: 0 }, ''],
      [{ kind: 'RolledBack', at: 0, error }, "ERROR\t\tCouldn't roll back cleanly: no disk"],
      [{ kind: 'LoggerInitialized', ...of }, 'LOGGER\tInitialized custom logger from db'],
      [{ kind: 'LoggerInitialized', ...of, error }, 'ERROR\t\tFailed to initialize custom logger: no disk'],
    ];
    for (const [event, text] of cases)
      expect(lines(event)).toBe(
        text === ''
          ? ''
          : text
              .split('|')
              .map((line) => `[Fx] ${line}\n`)
              .join(''),
      );
  });
});
