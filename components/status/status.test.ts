import { describe, expect, it } from 'vitest';
import { component, many, supply } from '../../src/fx/index.ts';
import { manualClock, testApp } from '../../src/fx/testing.ts';
import { AgentVersion } from '../agent-version/index.ts';
import { Route, type RouteRequest } from '../api-server/index.ts';
import { fakeConfig } from '../config/fake.ts';
import { Scrubber } from '../scrubber/index.ts';
import { commonStatusHeader } from './common-header.ts';
import { componentStates } from './component-states.ts';
import { Status, StatusHeader, StatusProvider } from './index.ts';
import { composedStatus } from './text-json-html.ts';

const masked = (text: string): string => text.replaceAll('hunter2', '********');
const scrubber = supply(Scrubber, {
  text: masked,
  data: (value) => JSON.parse(masked(JSON.stringify(value))) as unknown,
  remember: () => {},
});
const version = supply(AgentVersion, { major: 7, minor: 60, patch: 0, pre: '', meta: '', commit: 'abcdef01' });
const provider = (name: string, section: string, of: Partial<StatusProvider> = {}) =>
  supply(many(StatusProvider, { name }), { name, section, json: () => ({ [name]: section }), text: () => `  ${name} is well\n`, ...of });
const header = (name: string, index: number) =>
  supply(many(StatusHeader, { name }), {
    name,
    index,
    json: () => ({ [name]: index }),
    text: () => `  ${name}`,
    html: () => `<p>${name}</p>`,
  });

const plainly = { verbose: false };

describe('the text', () => {
  it("has the Go agent's layout: headers by index, sections by name with the collector first", async () => {
    const list = [
      scrubber,
      composedStatus,
      provider('z', 'endpoints'),
      provider('b', 'Aggregator'),
      provider('a', 'Aggregator'),
      provider('c', 'collector'),
      provider('silent', 'Silence', { text: () => '' }),
      header('Second', 2),
      header('First one', 1),
    ];
    await using tested = await testApp(list, { requires: { status: Status } });
    expect(await tested.needs.status.render('text', plainly)).toBe(
      [
        '=========\nFirst one\n=========\n  First one\n',
        '======\nSecond\n======\n  Second\n',
        '=========\nCollector\n=========\n  c is well\n',
        '==========\nAggregator\n==========\n  a is well\n  b is well\n',
        '=========\nEndpoints\n=========\n  z is well\n',
      ].join('\n') + '\n',
    );
  });

  it('names what failed or hung at its end, and shows the rest, without secrets', async () => {
    const clock = manualClock();
    const list = [
      scrubber,
      composedStatus,
      provider('broken', 'a', { text: () => Promise.reject(new Error('no hunter2')) }),
      provider('stuck', 'b', { text: () => new Promise(() => {}) }),
      provider('fine', 'c', { text: () => '  token hunter2\n' }),
    ];
    await using tested = await testApp(list, { requires: { status: Status }, clock });
    const rendering = tested.needs.status.render('text', plainly);
    await clock.advance(5000);
    expect(await rendering).toBe(
      '=\nC\n=\n  token ********\n\n' +
        '====================\nStatus render errors\n====================\n  - broken: no ********\n  - stuck: no answer within 5 s\n\n',
    );
  });
});

describe('the JSON', () => {
  it('is one flat object, with what failed under errors', async () => {
    const list = [
      scrubber,
      composedStatus,
      header('head', 1),
      provider('good', 'x', { json: ({ verbose }) => ({ good: 'hunter2', verbose }) }),
      provider('circular', 'y', { json: () => circle() }),
    ];
    await using tested = await testApp(list, { requires: { status: Status } });
    expect(JSON.parse(await tested.needs.status.render('json', { verbose: true }))).toEqual({
      head: 1,
      good: '********',
      verbose: true,
      errors: [expect.stringContaining('circular: Converting circular structure')],
    });
  });
});

describe('the HTML', () => {
  it('is what providers have, with errors escaped', async () => {
    const bad = provider('bad', 'x', {
      html: () => {
        throw new Error('<b>');
      },
    });
    await using tested = await testApp([scrubber, composedStatus, header('h', 1), provider('plain', 'y'), bad], {
      requires: { status: Status },
    });
    const html = await tested.needs.status.render('html', plainly);
    expect(html).toContain('<p>h</p>');
    expect(html).toContain('bad: &lt;b&gt;<br>');
  });
});

describe('GET /status', () => {
  const get = async (query: string) => {
    await using tested = await testApp([scrubber, composedStatus, header('h', 1)], { requires: { routes: many(Route) } });
    const [route] = tested.needs.routes;
    return route?.handle({ query: new URLSearchParams(query) } as RouteRequest);
  };

  it.each([
    ['format=json', '{"h":1}'],
    ['format=text', '=\nH\n=\n  h\n\n'],
    ['format=html', '<p>h</p>'],
    ['format=yaml', ''],
    ['', ''],
  ])('?%s', async (query, body) => {
    expect(await get(query)).toEqual({ headers: { 'content-type': 'application/json' }, body });
  });
});

describe('the common header', () => {
  it("says what the Go agent's says", async () => {
    const clock = manualClock(Date.UTC(2018, 0, 5, 11, 25, 15));
    const config = fakeConfig({ log_file: '/logs/a.log', confd_path: '/conf.d', additional_checksd: '/checks.d' });
    await using tested = await testApp([scrubber, composedStatus, config, version, commonStatusHeader], {
      requires: { status: Status },
      clock,
    });
    await clock.advance(1500);
    const arch = process.arch === 'x64' ? 'amd64' : process.arch;
    expect(await tested.needs.status.render('text', plainly)).toBe(`===============================
Datadog Cluster Agent (v7.60.0)
===============================
  Status date: 2018-01-05 11:25:16.5 UTC (1515151516500)
  Agent start: 2018-01-05 11:25:15 UTC (1515151515000)
  Pid: ${process.pid}
  Go Version: node${process.versions.node}
  Python Version: n/a
  Build arch: ${arch}
  Agent flavor: cluster_agent
  Log File: /logs/a.log
  Log Level: info

  Paths
  =====
    Config File: There is no config file
    conf.d: /conf.d
    checks.d: /checks.d

`);
    expect(JSON.parse(await tested.needs.status.render('json', plainly))).toMatchObject({
      version: '7.60.0',
      flavor: 'cluster_agent',
      conf_file: '',
      agent_start_nano: 1_515_151_515_000_000_000,
      config: { log_level: 'info', confd_path: '/conf.d', fips_enabled: 'false' },
    });
    expect(await tested.needs.status.render('html', plainly)).toContain('Config File: There is no config file<br>');
  });
});

describe('component states', () => {
  const failing = component({
    name: 'metadata',
    onFailure: 'continue',
    create: () => 1,
    start: () => Promise.reject(new Error('no permission\nask somebody')),
  });

  it('are told of where something is wrong', async () => {
    await using tested = await testApp([scrubber, composedStatus, componentStates, failing], { requires: { status: Status } });
    const text = await tested.needs.status.render('text', plainly);
    expect(text).toMatch(/^==========\nComponents\n==========\n {2}metadata: failed, .*no permission\n\n$/);
    const { components } = JSON.parse(await tested.needs.status.render('json', plainly)) as { components: unknown };
    expect(components).toEqual([expect.objectContaining({ component: 'metadata', state: 'failed' })]);
  });

  it('are no section where all is well', async () => {
    await using tested = await testApp([scrubber, composedStatus, componentStates], { requires: { status: Status } });
    expect(await tested.needs.status.render('text', plainly)).toBe('');
  });
});

function circle(): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  value['self'] = value;
  return value;
}
