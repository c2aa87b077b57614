import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { supply } from '../../src/fx/index.ts';
import { manualClock, testApp } from '../../src/fx/testing.ts';
import { settled } from '../../test/support.ts';
import { fakeConfig } from '../config/fake.ts';
import { fakeLog } from '../log/fake.ts';
import { fakeRandom } from '../random/fake.ts';
import { Scrubber } from '../scrubber/index.ts';
import { Telemetry } from '../telemetry/index.ts';
import { batchedDatadogClient } from './batched.ts';
import { DatadogClient, QueryError, type MetricQuery } from './index.ts';

const silent = { add() {}, set() {}, remove() {}, observe() {} };
const telemetry = supply(Telemetry, { counter: () => silent, gauge: () => silent, histogram: () => silent, text: async () => '' });
const scrubber = supply(Scrubber, { text: (text) => text, data: (value) => value, remember() {} });
const [apiKey, appKey] = ['a'.repeat(32), 'b'.repeat(40)];
const queries: readonly MetricQuery[] = ['avg:a{*}', 'avg:b{*}', 'avg:c{*}'].map((query) => ({ query, windowSeconds: 300 }));

/** Numbers that are times as well as such that are none. */
const number = fc.oneof(fc.constantFrom(1_700_000_000_000, 0, -1, 8.64e15, 8.65e15, 1e300), fc.double({ noNaN: true }), fc.integer());
const points = fc.array(fc.tuple(number, fc.oneof(number, fc.constant(null))), { maxLength: 3 });
const usually = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> => fc.oneof({ weight: 9, arbitrary: usual }, fc.jsonValue());
const series = fc.record(
  {
    metric: usually(fc.string()),
    scope: usually(fc.string()),
    query_index: usually(fc.integer({ min: 0, max: queries.length - 1 })),
    interval: usually(fc.integer()),
    pointlist: usually(points),
  },
  { requiredKeys: ['query_index', 'pointlist'] },
);
const body = fc.oneof(
  fc
    .record(
      { status: fc.constantFrom('ok', 'error'), error: fc.string(), series: fc.array(series, { maxLength: 3 }) },
      { requiredKeys: ['series'] },
    )
    .map((each) => JSON.stringify(each)),
  fc.json(),
  fc.string({ unit: 'binary' }),
  // A proxy or Datadog may say back what it was sent.
  fc.constantFrom(`{"status":"error","error":"no access for ${apiKey}"}`, `${appKey} has no access`),
  fc.constant(`{"series":[{"query_index":0,"pointlist":[[1700000000000,1e999]]}]}`),
);
const header = fc.oneof(fc.nat().map(String), fc.stringMatching(/^[ -~]{0,20}$/));
const headers = fc.dictionary(fc.constantFrom('retry-after', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'x-ratelimit-limit'), header);
const answer = fc.record({ status: fc.constantFrom(200, 200, 200, 200, 200, 204, 301, 400, 403, 422, 429, 500), headers, body });

it('makes a point or an error of whatever is answered, shows no key, and goes on', { timeout: 120_000 }, async () => {
  let reply: (response: ServerResponse) => void = () => {};
  const server = createServer((_, response) => reply(response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = fakeConfig({ 'external_metrics_provider.endpoint': endpoint, api_key: apiKey, app_key: appKey });
  const clock = manualClock(1_700_000_000_000);
  const list = [config, fakeLog(), telemetry, scrubber, fakeRandom(), batchedDatadogClient] as const;
  const tested = await testApp(list, { requires: { client: DatadogClient }, clock });
  const signal = new AbortController().signal;
  const ask = async (): Promise<ReadonlyMap<MetricQuery, unknown>> => {
    const outcomes = await settled(clock, tested.needs.client.query(queries, { signal }), 500);
    // The longest that is waited for a rate limit, whatever it asks for.
    await clock.advance(3_600_000);
    return outcomes;
  };
  try {
    await fc.assert(
      fc.asyncProperty(answer, async (given) => {
        reply = (response) => void response.writeHead(given.status, given.headers).end(given.body);
        const outcomes = await ask();
        expect([...outcomes.keys()]).toHaveLength(queries.length);
        for (const outcome of outcomes.values()) {
          if (outcome instanceof QueryError) expect(outcome.message).not.toMatch(new RegExp(`${apiKey}|${appKey}`));
          else expectPoint(outcome as { value: number; timestamp: number });
        }
      }),
      { numRuns: 300 },
    );
    // An answer to a query that is asked alone, as all are in the end whose batch is refused.
    reply = (response) => void response.end('{"series":[{"pointlist":[[1700000000000,3]]}]}');
    expect([...(await ask()).values()]).toEqual(queries.map(() => ({ value: 3, timestamp: 1_700_000_000 })));
  } finally {
    await tested.stop();
    server.close();
  }
});

/** One that can be written down: a finite value, at a time that is one. */
function expectPoint({ value, timestamp }: { readonly value: number; readonly timestamp: number }): void {
  expect(Number.isFinite(value)).toBe(true);
  expect(Number.isInteger(timestamp)).toBe(true);
  expect(() => new Date(timestamp * 1000).toISOString()).not.toThrow();
}
