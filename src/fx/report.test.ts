import { describe, expect, it } from 'vitest';
import { rejection, written } from '../../test/support.ts';
import {
  App,
  app,
  component,
  decorate,
  invoke,
  many,
  module,
  optional,
  replace,
  supply,
  token,
  type Application,
  type Component,
} from './index.ts';
import { fakeProcess } from './testing.ts';

const here = (mark: string): string => written(import.meta.url, mark);

const Log = token<string>()('log');
const Store = token<string>()('store');
const Check = token<string>()('check');
const Unused = token<string>()('unused');

// @log
const log = component({ provides: Log, create: () => 'log' });
// @store
const store = component({ provides: Store, requires: { log: Log }, create: () => 'store', when: 'store.on', onFailure: 'continue' });
const disk = component({ name: 'disk', provides: many(Check), create: () => 'disk' });
// @unused
const unused = component({ provides: Unused, create: () => '' });
// @off
const off = component({ name: 'off', when: 'nope', create: () => undefined });
// @user
const user = component({
  name: 'user',
  requires: { store: optional(Store), checks: many(Check), soft: many(Check, { soft: true }) },
  create: () => undefined,
});

const settings = (key: string): unknown => key === 'store.on';
const planned = (): Application => app([log, module('checks', [disk]), user, store, unused, off], { settings, process: fakeProcess() });

describe('App.plan', () => {
  it('says what would be built, in which order and why', () => {
    expect(planned().plan().order).toEqual([
      {
        component: 'log',
        module: '',
        kind: 'provide',
        provides: ['log'],
        requires: [],
        because: 'store',
        onFailure: 'abort',
        place: here('log'),
      },
      {
        component: 'disk',
        module: 'checks',
        kind: 'provide',
        provides: ['check[]'],
        requires: [],
        because: 'user',
        onFailure: 'abort',
        place: expect.stringContaining('report.test.ts'),
      },
      {
        component: 'store',
        module: '',
        kind: 'provide',
        provides: ['store'],
        requires: ['log'],
        because: 'user',
        when: 'store.on is on',
        onFailure: 'continue',
        place: here('store'),
      },
      {
        component: 'user',
        module: '',
        kind: 'provide',
        provides: [],
        requires: ['store', 'disk', 'disk'],
        because: 'root',
        onFailure: 'abort',
        place: here('user'),
      },
    ]);
  });

  it('says what would not be built, and why', () => {
    expect(planned().plan().absent).toMatchObject([
      { component: 'off', module: '', because: 'setting "nope" is false, it must be on', when: 'nope is on', place: here('off') },
      { component: 'unused', module: '', because: 'nobody needs it', provides: ['unused'], place: here('unused') },
    ]);
  });

  it('carries the findings', () => {
    const broken: readonly Component[] = [user, component({ create: () => undefined })];
    expect(
      app(broken)
        .plan()
        .findings.map(({ code }) => code),
    ).toEqual(['FX_BAD_DEFINITION']);
  });

  it('numbers components of the same name', () => {
    const twins = ['a', 'b'].map(() => component({ name: 'twin', create: () => undefined }));
    expect(
      app(twins)
        .plan()
        .order.map((each) => each.component),
    ).toEqual(['twin', 'twin #2']);
  });
});

describe('App.explain', () => {
  it('shows the shortest path from a root', () => {
    const subject = planned();
    expect(subject.explain(Log)).toBe(`log is built (${here('log')}): user (root) -> store -> log`);
    expect(subject.explain('user')).toBe(`user is built (${here('user')}): user (root)`);
    expect(subject.explain(store)).toBe(`store is built (${here('store')}): user (root) -> store`);
  });

  it('says why something is not there', () => {
    const subject = planned();
    expect(subject.explain(Unused)).toBe(`unused is not built (${here('unused')}): nobody needs it`);
    expect(subject.explain(off)).toBe(`off is not built (${here('off')}): setting "nope" is false, it must be on`);
    expect(subject.explain('never-heard')).toBe('"never-heard" is not in this list: nothing here has that name or provides it');
    expect(subject.explain(token<string>()('other'))).toBe('"other" is not in this list: nothing here has that name or provides it');
  });

  it('has a line for each member of a group and each decorator', () => {
    const other = component({ name: 'net', provides: many(Check), create: () => 'net' });
    const lines = app([disk, other, user, store, log], { settings }).explain(Check).split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['disk', 'net']);
  });
});

describe('App.graph', () => {
  it('draws DOT, optional ones dashed', () => {
    expect(planned().graph('dot')).toMatchInlineSnapshot(`
      "digraph {
        rankdir=RL;
        node [shape=box];
        n0 [label="log"];
        n1 [label="checks/disk\\ncheck[]"];
        n2 [label="store"];
        n3 [label="user"];
        n2 -> n0;
        n3 -> n2 [style=dashed];
        n3 -> n1;
        n3 -> n1 [style=dashed];
      }
      "
    `);
  });

  it('can be read whatever a component is called', () => {
    const odd = component({ name: 'C:\\a "b"\\', create: () => undefined });
    expect(app([odd]).graph('dot')).toContain(`[label="C:/a 'b'/"]`);
  });

  it('draws Mermaid', () => {
    expect(planned().graph('mermaid')).toMatchInlineSnapshot(`
      "flowchart RL
        n0["log"]
        n1["checks/disk<br/>check[]"]
        n2["store"]
        n3["user"]
        n2 --> n0
        n3 -.-> n2
        n3 --> n1
        n3 -.-> n1
      "
    `);
  });

  it('is the plan as JSON', () => {
    const subject = planned();
    expect(JSON.parse(subject.graph('json'))).toEqual(JSON.parse(JSON.stringify(subject.plan())));
  });

  it('colours what failed red, and what that took down orange', async () => {
    const broken = component({ provides: Log, onFailure: 'continue', create: () => Promise.reject(new Error('no')) });
    const subject = app([broken, component({ name: 'needs "it"', requires: { log: Log }, create: () => undefined })], {
      process: fakeProcess(),
    });
    await subject.start();
    expect(subject.graph('dot')).toMatchInlineSnapshot(`
      "digraph {
        rankdir=RL;
        node [shape=box];
        n0 [label="log" color=red fontcolor=red];
        n1 [label="needs 'it'" color=orange fontcolor=orange];
        n1 -> n0;
      }
      "
    `);
    expect(subject.graph('mermaid')).toMatchInlineSnapshot(`
      "flowchart RL
        n0["log"]
        style n0 stroke:red
        n1["needs 'it'"]
        style n1 stroke:orange
        n1 --> n0
      "
    `);
    await subject.stop();
  });
});

describe('App', () => {
  it('shows components the running app, and lets none of them start or stop it', async () => {
    let self: App | undefined;
    const subject = app([log, invoke({ log: Log, self: App }, (needs) => void (self = needs.self))], { process: fakeProcess() });
    await subject.start();
    expect(Object.keys(self ?? {})).toEqual(['plan', 'report', 'explain', 'graph']);
    expect(self?.plan()).toEqual(subject.plan());
    expect(self?.report()).toEqual(subject.report());
    expect(self?.report().state).toBe('started');
    expect(self?.explain(Log)).toBe(subject.explain(Log));
    expect(self?.graph('mermaid')).toBe(subject.graph('mermaid'));
    await subject.stop();
    expect(self?.report().state).toBe('stopped');
  });
});

describe('App.diff', () => {
  it('finds nothing between a list and itself', () => {
    const list = [log, store, user];
    expect(app(list, { settings }).diff(list)).toEqual({ added: [], removed: [], replaced: [], moved: [] });
  });

  it('says what was added, removed, replaced and moved', () => {
    const first = component({ name: 'first', create: () => undefined });
    const second = component({ name: 'second', create: () => undefined });
    // @other-log
    const other = component({ provides: Log, create: () => 'other' });
    const needsLog = component({ name: 'needs-log', requires: { log: Log }, create: () => undefined });
    const gone = component({ name: 'gone', create: () => undefined });
    const extra = component({ name: 'extra', create: () => undefined });
    expect(app([log, needsLog, first, second, gone]).diff([other, needsLog, second, first, extra])).toEqual({
      added: ['extra'],
      removed: ['gone'],
      replaced: [{ component: 'log', from: here('log'), to: here('other-log') }],
      moved: ['second', 'first'],
    });
  });
});

describe('App.report', () => {
  it('says per component what became of it, in planned order', async () => {
    const broken = component({ name: 'broken', create: () => undefined, start: () => Promise.reject(new Error('no')) });
    const subject = app(
      [
        component({ name: 'ok', create: () => undefined, start: () => {} }),
        broken,
        component({ name: 'later', create: () => undefined, start: () => {} }),
      ],
      { process: fakeProcess() },
    );
    expect(subject.report()).toMatchObject({
      state: 'stopped',
      healthy: true,
      components: [{ state: 'planned' }, { state: 'planned' }, { state: 'planned' }],
    });
    await rejection(subject.start());
    expect(subject.report()).toMatchObject({
      state: 'stopped',
      healthy: false,
      components: [
        { state: 'stopped' },
        { state: 'failed', failure: { code: 'FX_START_FAILED' }, hooks: [{ state: 'failed' }] },
        { state: 'constructed' },
      ],
    });
  });
});

describe('App.container', () => {
  it('hands out each value under its token, with its type, and groups in list order', async () => {
    const net = component({ name: 'net', provides: many(Check), create: () => 'net' });
    const subject = app(
      [
        supply(Log, 'log'),
        store,
        disk,
        net,
        component({ name: 'user', requires: { store: Store, all: many(Check) }, create: () => undefined }),
      ],
      { settings, process: fakeProcess() },
    );
    await subject.start();
    const container = await subject.container();
    const value: string = container.get(Store);
    expect(value).toBe('store');
    expect(container.getAll(Check)).toEqual(['disk', 'net']);
    expect(container.get(Log)).toBe('log');
    expect(await subject.container()).toBe(container);
    await subject.stop();
  });

  it('hands out each member of a group that is contributed to by lists, or decorated as a map', async () => {
    const Named = token<string>()('named');
    const subject = app(
      [
        component({ name: 'several', provides: many(Check, { flatten: true }), create: () => ['x', 'y'] }),
        supply(many(Named, { name: 'own' }), 'z'),
        decorate({ provides: many(Named), requires: { all: many(Named, { as: 'map' }) }, create: ({ all }) => all }),
        invoke({ checks: many(Check), named: many(Named) }, () => {}),
      ],
      { process: fakeProcess() },
    );
    await subject.start();
    const container = await subject.container();
    expect([container.getAll(Check), container.getAll(Named)]).toEqual([['x', 'y'], ['z']]);
    await subject.stop();
  });

  it('hands out decorated and replaced values, and nothing private or needed by nobody', async () => {
    const Secret = token<string>()('secret');
    const hidden = component({ provides: Secret, create: () => '' });
    const subject = app(
      [
        log,
        decorate({ provides: Log, requires: { log: Log }, create: (needs) => `<${needs.log}>` }),
        replace(Store, 'replaced'),
        store,
        unused,
        module('inner', [invoke({ secret: Secret, log: Log, store: Store }, () => {})], { private: [hidden] }),
      ],
      { settings, process: fakeProcess() },
    );
    await subject.start();
    const container = await subject.container();
    expect([container.get(Log), container.get(Store)]).toEqual(['<log>', 'replaced']);
    expect([container.isBound(Secret), container.isBound(Unused)]).toEqual([false, false]);
    await subject.stop();
  });
});
