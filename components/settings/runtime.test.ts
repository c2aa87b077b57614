import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { component, many, supply } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { Route, RouteError, type RouteRequest } from '../api-server/index.ts';
import { Config, configSettings, setting, type } from '../config/index.ts';
import { LayeredConfig } from '../config/layered.ts';
import { rulesScrubber } from '../scrubber/rules.ts';
import { Secret } from '../secrets/index.ts';
import { RuntimeSetting, Settings } from './index.ts';
import { runtimeSettings } from './runtime.ts';

const { apiKey, site } = configSettings;
const period = setting('cluster_checks.rebalance_period', { type: type.duration, default: 600_000, description: 'period' });
const name = setting('check.name', { type: type.text, default: 'none', description: 'name' });

const checkName = component({
  name: 'check-name',
  provides: many(RuntimeSetting),
  requires: { config: Config },
  create: ({ config }) => ({
    name: name.key,
    description: 'what the check is called',
    isHidden: true,
    get: () => config.get(name),
    set: (value: unknown, source) => {
      if (value === '') throw new Error('a name has at least one letter, not the password=hunter2');
      config.set(name, String(value), source);
    },
  }),
});

async function start() {
  const config = new LayeredConfig({ settings: [apiKey, site, period, name] });
  config.put(apiKey.key, new Secret('0123456789abcdef0123456789abcdef'), 'environment-variable');
  config.put(site.key, 'datadoghq.eu', 'file');
  config.put('unheard.password', 'hunter2', 'file');
  const list = [supply(Config, config), rulesScrubber, checkName, runtimeSettings] as const;
  const tested = await testApp(list, { requires: { settings: Settings, routes: many(Route) } });
  return { tested, config, ...tested.needs };
}

interface Asked {
  readonly query?: string;
  readonly body?: string;
}

/** Asks the route that a server which takes the first match would ask. */
async function ask(
  routes: readonly Route[],
  line: string,
  { query = '', body = '' }: Asked = {},
): Promise<{ status: number; body: unknown }> {
  const [method, path = ''] = line.split(' ');
  for (const route of routes) {
    const pattern = new RegExp(`^${route.path.replace(':setting', '(?<setting>[^/]+)')}$`);
    const found = pattern.exec(path);
    if (found === null || route.method !== method) continue;
    expect(route.access).toBe('session');
    const request: RouteRequest = {
      method,
      url: path,
      query: new URLSearchParams(query),
      params: { ...found.groups },
      headers: {},
      remoteAddress: '127.0.0.1',
      signal: new AbortController().signal,
      body: () => Promise.resolve(new TextEncoder().encode(body)),
      stream: Readable.from([]),
    };
    try {
      const answer = await route.handle(request);
      return { status: answer.status ?? 200, body: answer.body };
    } catch (error) {
      if (error instanceof RouteError) return { status: error.status, body: error.message };
      throw error;
    }
  }
  return { status: 404, body: '' };
}

describe('routes', () => {
  it('show the configuration, scrubbed, with and without defaults', async () => {
    const { tested, routes } = await start();
    await using _ = tested;
    expect((await ask(routes, 'GET /config')).body).toBe(`api_key: "***************************bcdef"
check:
  name: none
cluster_checks:
  rebalance_period: 10m0s
site: datadoghq.eu
unheard:
  password: "********"
`);
    expect((await ask(routes, 'GET /config/without-defaults')).body).toBe(`api_key: "***************************bcdef"
site: datadoghq.eu
unheard:
  password: "********"
`);
  });

  it('show what each source says', async () => {
    const { tested, routes } = await start();
    await using _ = tested;
    expect(JSON.parse(String((await ask(routes, 'GET /config/by-source')).body))).toEqual({
      default: { api_key: '', check: { name: 'none' }, cluster_checks: { rebalance_period: '10m0s' }, site: 'datadoghq.com' },
      unknown: {},
      file: { site: 'datadoghq.eu', unheard: { password: '********' } },
      'environment-variable': { api_key: '***************************bcdef' },
      'fleet-policies': {},
      'agent-runtime': {},
      'local-config-process': {},
      'remote-config': {},
      cli: {},
    });
  });

  it('list what can be changed', async () => {
    const { tested, routes } = await start();
    await using _ = tested;
    expect(await ask(routes, 'GET /config/list-runtime')).toEqual({
      status: 200,
      body: '{"check.name":{"Description":"what the check is called","Hidden":true}}',
    });
  });

  it('show a setting, and with its sources', async () => {
    const { tested, routes } = await start();
    await using _ = tested;
    expect(await ask(routes, 'GET /config/site')).toEqual({ status: 200, body: '{"value":"datadoghq.eu"}' });
    expect(await ask(routes, 'GET /config/site', { query: 'sources=true' })).toEqual({
      status: 200,
      body: '{"value":"datadoghq.eu","sources_value":[{"Source":"default","Value":"datadoghq.com"},{"Source":"file","Value":"datadoghq.eu"}]}',
    });
    expect((await ask(routes, 'GET /config/cluster_checks.rebalance_period')).body).toBe('{"value":"10m0s"}');
    expect((await ask(routes, 'GET /config/cluster_checks')).body).toBe('{"value":{"rebalance_period":"10m0s"}}');
    expect((await ask(routes, 'GET /config/api_key', { query: 'sources=true' })).body).not.toContain('0123456789');
  });

  it('refuse a setting that there is not', async () => {
    const { tested, routes } = await start();
    await using _ = tested;
    const refused = { status: 400, body: '{"error":"setting nobody not found"}' };
    expect(await ask(routes, 'GET /config/nobody')).toEqual(refused);
    expect(await ask(routes, 'POST /config/nobody', { body: 'value=1' })).toEqual(refused);
    expect(await ask(routes, 'POST /config/site', { body: 'value=1' })).toEqual({
      status: 400,
      body: '{"error":"setting site not found"}',
    });
  });

  it('change a runtime setting by form or query, as the command line', async () => {
    const { tested, routes, config } = await start();
    await using _ = tested;
    expect(
      await ask(routes, 'POST /config/check.name', {
        body: 'value=a+%26lt%3Bb%26gt%3B%26%2334%3B%26%23x27%3B%26amp%3Blt%3B',
        query: 'value=no',
      }),
    ).toEqual({ status: 200, body: undefined });
    expect(config.valuesOf(name.key).at(-1)).toEqual({ source: 'cli', value: `a <b>"'&lt;` });
    await ask(routes, 'POST /config/check.name', { query: 'value=queried' });
    expect(config.get(name)).toBe('queried');
    expect(await ask(routes, 'POST /config/check.name')).toEqual({
      status: 500,
      body: '{"error":"a name has at least one letter, not the password=********"}',
    });
    expect(config.get(name)).toBe('queried');
  });
});

it('does not guess which of two runtime settings of one name is meant', async () => {
  const config = new LayeredConfig({ settings: [name] });
  const another = supply(many(RuntimeSetting), { name: name.key, description: 'the same', isHidden: false, get: () => 'x', set: () => {} });
  const list = [supply(Config, config), rulesScrubber, checkName, another, runtimeSettings] as const;
  await expect(testApp(list, { requires: { settings: Settings } })).rejects.toThrow(
    'two components contribute the runtime setting check.name',
  );
});
