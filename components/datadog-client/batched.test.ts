import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { many, supply, type Clock } from '../../src/fx/index.ts';
import { manualClock, testApp } from '../../src/fx/testing.ts';
import { startDatadog, type Datadog } from '../../src/testkit/datadog/index.ts';
import { settled } from '../../test/support.ts';
import { fakeConfig } from '../config/fake.ts';
import { fakeLog, type Logged } from '../log/fake.ts';
import { fakeRandom } from '../random/fake.ts';
import { Scrubber } from '../scrubber/index.ts';
import { StatusProvider } from '../status/index.ts';
import { Telemetry } from '../telemetry/index.ts';
import { batchedDatadogClient } from './batched.ts';
import { DatadogClient, QueryError, type MetricQuery } from './index.ts';

const keys = { apiKey: 'a'.repeat(32), appKey: 'b'.repeat(40) };
const silent = { add() {}, set() {}, remove() {}, observe() {} };
const telemetry = supply(Telemetry, { counter: () => silent, gauge: () => silent, histogram: () => silent, text: async () => '' });
const scrubber = supply(Scrubber, { text: (text) => text, data: (value) => value, remember() {} });

let datadog: Datadog;
beforeEach(async () => {
  datadog = await startDatadog(keys);
});
afterEach(() => datadog.stop());

interface Given {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly clock?: Clock;
  readonly logged?: Logged[];
}

const client = ({ config = {}, logged = [], ...options }: Given = {}) => {
  const access = { 'external_metrics_provider.endpoint': datadog.url, api_key: keys.apiKey, app_key: ` ${keys.appKey}\n` };
  const list = [fakeConfig({ ...access, ...config }), fakeLog(logged), telemetry, scrubber, fakeRandom(), batchedDatadogClient];
  return testApp(list, { requires: { client: DatadogClient, status: many(StatusProvider) }, ...options });
};
const asking = (...queries: readonly string[]): MetricQuery[] => queries.map((query) => ({ query, windowSeconds: 300 }));
const signal = new AbortController().signal;
const outcomes = (answers: ReadonlyMap<MetricQuery, unknown>): unknown[] =>
  [...answers.values()].map((each) => (each instanceof QueryError ? each.failure : (each as { value: number }).value));
const constant = (value: number) => (_: number, to: number) => [[to - 20_000, value] as const, [to, value + 1] as const];

describe('batchedDatadogClient', () => {
  it('asks many queries in one request, and many in few', async () => {
    await using tested = await client();
    const names = Array.from({ length: 100 }, (_, index) => `avg:m${index}{*}`);
    for (const [index, name] of names.entries()) datadog.set(name, constant(index));
    const answers = await tested.needs.client.query(asking(...names), { signal });
    expect([...answers].map(([{ query }, outcome]) => [query, (outcome as { value: number }).value])).toEqual(
      names.map((name, index) => [name, index]),
    );
    expect(datadog.asked).toHaveLength(3);
    const [status] = tested.needs.status;
    expect(await status?.json({ verbose: false })).toMatchObject({ externalmetrics: { client: { url: datadog.url, status: 'OK' } } });
  });

  it('finds the query that spoils a batch, and asks it alone from then on', async () => {
    await using tested = await client();
    const names = Array.from({ length: 35 }, (_, index) => `avg:m${index}{*}`);
    for (const [index, name] of names.entries()) datadog.set(name, constant(index));
    datadog.faults.add({ kind: 'refuse', code: 422, when: ({ query }) => (query ?? '').includes('avg:m17{*}') });
    const expected = names.map((_, index) => (index === 17 ? 'invalid-query' : index));
    const find = async (): Promise<unknown[]> => {
      const answers = await tested.needs.client.query(asking(...names), { signal });
      return names
        .map((name) => [...answers].find(([{ query }]) => query === name)?.[1])
        .map((each) => (each instanceof QueryError ? each.failure : each?.value));
    };
    expect(await find()).toEqual(expected);
    for (const inBetween of [[], ['avg:new{*}']]) {
      await tested.needs.client.query(asking(...inBetween), { signal });
      const before = datadog.asked.length;
      expect(await find()).toEqual(expected);
      expect(datadog.asked.length - before).toBeLessThanOrEqual(2);
    }
  });

  it.each([400, 422])('asks in batches again after a time in which everything was refused with %i', async (code) => {
    await using tested = await client();
    const names = Array.from({ length: 350 }, (_, index) => `avg:m${index}{*}`);
    for (const name of names) datadog.set(name, constant(1));
    const fault = datadog.faults.add({ kind: 'refuse', code });
    const requests = async (): Promise<number> => {
      const before = fault.hits;
      await tested.needs.client.query(asking(...names), { signal });
      return fault.hits - before;
    };
    expect([await requests(), await requests()].every((count) => count <= 10 + 2 * 100)).toBe(true);
    fault.remove();
    expect(outcomes(await tested.needs.client.query(asking(...names), { signal }))).toEqual(names.map(() => 1));
    expect(datadog.asked).toHaveLength(10);
  });

  it('goes on asking a query with several series together with others', async () => {
    await using tested = await client();
    for (const name of ['avg:a{*}', 'avg:c{*}']) datadog.set(name, constant(1));
    datadog.set('avg:b{*} by {host}', { 'host:x': constant(2), 'host:y': constant(3) });
    const queries = asking('avg:a{*}', 'avg:b{*} by {host}', 'avg:c{*}');
    for (const requests of [1, 2]) {
      expect(outcomes(await tested.needs.client.query(queries, { signal }))).toEqual([1, 'no-data', 1]);
      expect(datadog.asked).toHaveLength(requests);
    }
  });

  it('never sends a query that would shift the answers of others', async () => {
    await using tested = await client();
    datadog.set('avg:b{*}', constant(5));
    const answers = await tested.needs.client.query(asking('avg:a{*},avg:x{*}', '', 'avg:b{*}'), { signal });
    expect(outcomes(answers)).toEqual(['invalid-query', 'invalid-query', 5]);
    expect(datadog.asked).toEqual(['avg:b{*}']);
  });

  it('waits as long as a rate limit asks, without asking in between', async () => {
    const clock = manualClock(1_700_000_000_000);
    await using tested = await client({ clock });
    datadog.set('avg:a{*}', constant(1));
    const fault = datadog.faults.add({ kind: 'refuse', code: 429, resetSeconds: 40 });
    const [first] = (await settled(clock, tested.needs.client.query(asking('avg:a{*}'), { signal }))).values();
    expect(first).toMatchObject({ failure: 'rate-limit', message: 'Datadog API rate limit exceeded' });
    fault.remove();
    await clock.advance(30_000);
    expect(outcomes(await tested.needs.client.query(asking('avg:a{*}'), { signal }))).toEqual(['rate-limit']);
    expect(fault.hits).toBe(1);
    await clock.advance(10_000);
    expect(outcomes(await tested.needs.client.query(asking('avg:a{*}'), { signal }))).toEqual([1]);
  });

  it.each([
    [{ kind: 'refuse', code: 403 }, 'forbidden', 'timeseries_query'],
    [{ kind: 'refuse', code: 500 }, 'unavailable', '500'],
    [{ kind: 'garbage' }, 'bad-response', 'no JSON'],
    [{ kind: 'cut' }, 'unavailable', 'cannot be reached'],
    [{ kind: 'hang' }, 'unavailable', 'no complete answer within 10 s'],
  ] as const)('tells what %o means, recovers, and shows no key', async (fault, failure, message) => {
    const clock = manualClock(1_700_000_000_000);
    await using tested = await client({ clock });
    datadog.set('avg:a{*}', constant(1));
    const active = datadog.faults.add(fault);
    const [first] = (await settled(clock, tested.needs.client.query(asking('avg:a{*}'), { signal }), 500)).values();
    expect(first).toMatchObject({ failure, message: expect.stringContaining(message) });
    expect(first instanceof QueryError && first.message).not.toMatch(/a{32}|b{40}/);
    active.remove();
    expect(outcomes(await settled(clock, tested.needs.client.query(asking('avg:a{*}'), { signal })))).toEqual([1]);
  });

  it('says once that Datadog gives nothing, and why, and once that it gives values again', async () => {
    const clock = manualClock(1_700_000_000_000);
    const logged: Logged[] = [];
    await using tested = await client({ clock, logged, config: { 'external_metrics_provider.chunk_size': 1 } });
    datadog.set('avg:a{*}', constant(1));
    datadog.set('avg:b{*}', constant(2));
    const ask = async (): Promise<void> => {
      await settled(clock, tested.needs.client.query(asking('avg:a{*}', 'avg:b{*}'), { signal }), 500);
    };
    const refused = datadog.faults.add({ kind: 'refuse', code: 403 });
    await ask();
    await ask();
    refused.remove();
    const partly = datadog.faults.add({ kind: 'refuse', code: 500, when: ({ query }) => query === 'avg:b{*}' });
    await ask();
    await ask();
    partly.remove();
    await ask();
    await ask();
    const told = logged.filter(({ message }) => message.includes('external metrics'));
    expect(told.map(({ level, fields: { error } }) => [level, String(error)])).toEqual([
      ['error', expect.stringContaining('API error 403 Forbidden')],
      ['error', expect.stringContaining('API error 500')],
      ['info', 'undefined'],
    ]);
  });

  it('falls back on the next endpoint, and returns to the first when it answers again', async () => {
    const clock = manualClock(1_700_000_000_000);
    const other = await startDatadog({ apiKey: 'c'.repeat(32), appKey: 'd'.repeat(40) });
    try {
      const logged: Logged[] = [];
      const endpoints = [{ url: other.url, api_key: 'c'.repeat(32), app_key: 'd'.repeat(40) }];
      await using tested = await client({ clock, logged, config: { 'external_metrics_provider.endpoints': endpoints } });
      datadog.set('avg:a{*}', constant(1));
      other.set('avg:a{*}', constant(2));
      const ask = async (): Promise<unknown[]> => outcomes(await settled(clock, tested.needs.client.query(asking('avg:a{*}'), { signal })));
      expect(await ask()).toEqual([1]);
      const fault = datadog.faults.add({ kind: 'refuse', code: 503 });
      expect(await ask()).toEqual([2]);
      const hits = fault.hits;
      expect(await ask()).toEqual([2]);
      expect(fault.hits).toBe(hits);
      fault.remove();
      await clock.advance(60_000);
      expect(await ask()).toEqual([1]);
      expect(logged.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
        `switching external metrics source provider from ${datadog.url} to ${other.url}`,
        `switching external metrics source provider from ${other.url} to ${datadog.url}`,
      ]);
    } finally {
      await other.stop();
    }
  });

  it('spreads requests over the time that it is given', async () => {
    const clock = manualClock(1_700_000_000_000);
    await using tested = await client({ clock, config: { 'external_metrics_provider.chunk_size': 1 } });
    const done = tested.needs.client.query(asking('a{*}', 'b{*}', 'c{*}'), { signal, spreadMs: 30_000 });
    await clock.advance(0);
    await expect.poll(() => datadog.asked.length).toBe(1);
    await clock.advance(9999);
    expect(datadog.asked).toHaveLength(1);
    expect((await settled(clock, done)).size).toBe(3);
    expect(clock.monotonic()).toBeGreaterThanOrEqual(1_700_000_020_000);
  });

  it('says which keys are missing', async () => {
    await using tested = await client({ config: { app_key: '' } });
    const [first] = (await tested.needs.client.query(asking('avg:a{*}'), { signal })).values();
    expect(first).toMatchObject({ failure: 'forbidden', message: expect.stringContaining('missing the api/app key pair') });
    expect(datadog.asked).toEqual([]);
  });

  it.each(['api.datadoghq.eu', 'ftp://api.datadoghq.eu'])('says that %s is no URL that queries can go to', async (endpoint) => {
    await using tested = await client({ config: { 'external_metrics_provider.endpoint': endpoint } });
    const [first] = (await tested.needs.client.query(asking('avg:a{*}'), { signal })).values();
    expect(first).toMatchObject({ failure: 'unavailable', message: expect.stringContaining(`"${endpoint}" is no URL`) });
    expect(first).toMatchObject({ message: expect.stringContaining('external_metrics_provider.endpoint') });
  });

  it.each(['http', 'ftp'])('shows no password of a proxy in front of Datadog, over %s', async (protocol) => {
    const address = new URL(datadog.url).host;
    const logged: Logged[] = [];
    const config = {
      'external_metrics_provider.endpoint': `${protocol}://me:c@nary@${address}`,
      'external_metrics_provider.endpoints': [{ url: 'http://127.0.0.1:1', api_key: 'c'.repeat(32), app_key: 'd'.repeat(40) }],
    };
    datadog.faults.add({ kind: 'refuse', code: 403 });
    await using tested = await client({ logged, config });
    const answers = await tested.needs.client.query(asking('avg:a{*}'), { signal });
    const said = [...answers.values()].map((each) => (each instanceof QueryError ? each.message : 'no failure'));
    const shown = await tested.needs.status[0]?.text({ verbose: false });
    for (const text of [said.join('\n'), shown]) expect(text).toContain(`${protocol}://${address}`);
    const told = logged.map(({ message, fields: { error } }) => `${message} ${String(error)}`);
    expect([...said, ...told, shown].join('\n')).not.toContain('nary');
  });

  it('is refused alone when its endpoints are none, without showing their keys', async () => {
    const endpoints = [{ url: 'not a url', api_key: 'canary-key', app_key: 7 }];
    await using tested = await client({ config: { 'external_metrics_provider.endpoints': endpoints } });
    const failure = String(tested.app.report().components.find(({ component }) => component === 'datadog-client')?.failure);
    expect(failure).toMatch(/could not parse external_metrics_provider\.endpoints: 0\.url: .*0\.app_key/);
    expect(failure).not.toContain('canary-key');
  });

  it('stops asking when its signal is aborted', async () => {
    await using tested = await client();
    const fault = datadog.faults.add({ kind: 'hang' });
    const ending = new AbortController();
    const asked = tested.needs.client.query(asking('avg:a{*}'), { signal: ending.signal });
    await expect.poll(() => fault.hits).toBe(1);
    ending.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });
});
