import { describe, expect, it } from 'vitest';
import { App, component, decorate, invoke, module, supply, type Component } from '../../src/fx/index.ts';
import { manualClock, testApp } from '../../src/fx/testing.ts';
import { Cache, failureOf, never, reject, Server, Store, subject } from './support.ts';

const store = component({ provides: Store, create: reject('no disk') });
const cache = component({ provides: Cache, requires: { store: Store }, create: () => '' });
const useCache = invoke({ cache: Cache }, function useCache() {});

/** The graph after a start that failed. */
async function drawn(list: readonly Component[]): Promise<string> {
  const { app } = subject(list);
  await failureOf(app.start());
  return app.graph('dot');
}

describe('panics', () => {
  it('Q01 [deviation] what any function throws, hooks included, is always caught, is the cause, and is in the event of its run', async () => {
    const thrown = new TypeError('undefined is no function');
    const fail = (): never => {
      throw thrown;
    };
    const useStore = invoke({ store: Store }, () => {});
    const cases = [
      { list: [component({ provides: Store, create: fail }), useStore], code: 'FX_CREATE_FAILED', event: 'Run' },
      { list: [supply(Store, ''), decorate({ provides: Store, create: fail }), useStore], code: 'FX_CREATE_FAILED', event: 'Run' },
      { list: [invoke({}, fail)], code: 'FX_CREATE_FAILED', event: 'Invoked' },
      { list: [component({ name: 'up', create: () => {}, start: fail })], code: 'FX_START_FAILED', event: 'OnStartExecuted' },
    ];
    for (const { list, code, event } of cases) {
      const { app, events } = subject(list);
      expect(await failureOf(app.start())).toMatchObject({ code, cause: thrown });
      expect(events.findLast(({ kind }) => kind === event)).toMatchObject({ error: thrown });
    }
  });
});

describe('visualisation', () => {
  it('Z01 a component may take the graph', async () => {
    let graph = '';
    const list = [
      supply(Store, 'disk'),
      invoke({ store: Store, self: App }, function show(needs) {
        graph = needs.self.graph('dot');
      }),
    ];
    const { app } = subject(list);
    await app.start();
    expect(graph).toMatch(/^digraph \{\n/);
    expect(graph).toMatch(/label="store"\];\n {2}n1 \[label="show"\];\n {2}n1 -> n0;\n/);
    await app.stop();
  });

  it('Z02 after a failed constructor it is red and what depends on it orange, in modules too', async () => {
    for (const list of [
      [store, cache, useCache, supply(Server, 'http')],
      [module('inner', [store, cache]), useCache],
    ]) {
      const graph = await drawn(list);
      expect(graph).toMatch(/label="(inner\/)?store" color=red fontcolor=red\]/);
      expect(graph).toMatch(/label="(inner\/)?cache" color=orange fontcolor=orange\]/);
      expect(graph).toMatch(/label="useCache" color=orange fontcolor=orange\]/);
      expect(graph.match(/color=red fontcolor/g)).toHaveLength(1);
    }
  });

  it('Z03 [deviation] any app can be drawn; an error that no component is to blame for makes none red', async () => {
    const { app } = subject([cache, supply(Store, 'disk'), useCache]);
    await failureOf(app.start({ signal: AbortSignal.abort(new Error('not today')) }));
    expect(app.graph('dot')).not.toMatch(/color=red/);
    const incomplete = await drawn([cache, useCache]);
    expect(incomplete).toMatch(/label="cache"\]/);
    expect(incomplete).not.toMatch(/color=/);
  });

  it('Z04 [deviation] the graph of an error is the whole graph; what is missing stands in the findings', async () => {
    const healthy = component({ provides: Server, create: () => 'http' });
    const graph = await drawn([healthy, invoke({ server: Server }, function serve() {}), store, cache, useCache]);
    expect(graph).toMatch(/label="server"\];/);
    expect(graph).toMatch(/label="serve"\];/);
    expect(subject([cache, useCache]).app.plan().findings).toMatchObject([
      { code: 'FX_MISSING', message: expect.stringMatching(/nothing provides "store"/) },
    ]);
  });
});

describe('test kit', () => {
  it('T01 a test app that is wrong, does not start or does not stop fails the test with a fixed text', async () => {
    await expect(testApp([cache] as readonly Component[])).rejects.toThrow(/^application didn't start cleanly: FX_MISSING/);
    await expect(testApp([store, cache, useCache])).rejects.toThrow(/^application didn't start cleanly: FX_CREATE_FAILED.*no disk/);
    await expect(testApp([component({ name: 'up', create: () => {}, start: reject('busy') })])).rejects.toThrow(
      /^application didn't start cleanly: FX_START_FAILED.*busy/,
    );
    const stuck = await testApp([component({ name: 'down', create: () => {}, stop: reject('stuck') })]);
    await expect(stuck.stop()).rejects.toThrow(/^application didn't stop cleanly: FX_STOP_FAILED.*stuck/);
  });

  it('T02 a component alone can be started and stopped in a test, and its deadlines are kept', async () => {
    const calls: string[] = [];
    const well = await testApp([
      component({ name: 'well', create: () => {}, start: () => void calls.push('start'), stop: () => void calls.push('stop') }),
    ]);
    await well.stop();
    expect(calls).toEqual(['start', 'stop']);
    const clock = manualClock();
    const late = testApp([component({ name: 'slow', create: () => {}, start: never })], { clock, startTimeoutMs: 1000 });
    const outcome = expect(late).rejects.toThrow(/^application didn't start cleanly: FX_START_TIMEOUT/);
    await clock.advance(1000);
    await outcome;
    const hanging = await testApp([component({ name: 'slow', create: () => {}, stop: never })], { clock, stopTimeoutMs: 1000 });
    const stopping = expect(hanging.stop()).rejects.toThrow(/^application didn't stop cleanly: FX_STOP_TIMEOUT/);
    await clock.advance(1000);
    await stopping;
  });
});
