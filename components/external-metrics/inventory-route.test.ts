import { expect, it } from 'vitest';
import { many, supply } from '../../src/fx/index.ts';
import { manualClock, testApp } from '../../src/fx/testing.ts';
import { Route, type RouteRequest } from '../api-server/index.ts';
import { fakeConfig } from '../config/fake.ts';
import { MetricInventory, type InventoryEntry, type InventoryReport } from './index.ts';
import { inventoryRoute } from './inventory-route.ts';

const entry: InventoryEntry = {
  metric: 'datadogmetric@shop:web',
  query: 'avg:a{*}',
  value: 48,
  timestamp: 990,
  earlier: [],
  served: 48,
  isActive: true,
  isValid: true,
  problem: '',
  references: [],
  users: [],
};

async function report(values: Readonly<Record<string, unknown>>, inventory?: MetricInventory): Promise<InventoryReport> {
  const list = [fakeConfig(values), ...(inventory === undefined ? [] : [supply(MetricInventory, inventory)]), inventoryRoute];
  await using tested = await testApp(list, { requires: { routes: many(Route) }, clock: manualClock(1_000_000) });
  const [route] = tested.needs.routes;
  expect(route).toMatchObject({ method: 'GET', path: '/external-metrics', access: 'session' });
  const answer = await route?.handle({} as RouteRequest);
  return JSON.parse(answer?.body as string) as InventoryReport;
}

it('lists the metrics', async () => {
  expect(await report({}, { list: async () => [entry] })).toEqual({ now: expect.any(Number), problem: '', metrics: [entry] });
});

it('says that they are off, or that they failed', async () => {
  const off = await report({});
  expect(off).toMatchObject({ metrics: [], problem: 'external metrics are off: set external_metrics_provider.enabled to true' });
  expect((await report({ 'external_metrics_provider.enabled': true })).problem).toContain('failed to start');
});
