import { expect, it } from 'vitest';
import type { InventoryEntry, MetricUser } from '../../components/external-metrics/index.ts';
import { metricsText } from '../../src/cli/external-metrics.ts';

const user: MetricUser = {
  reference: 'hpa:shop/web',
  target: { type: 'AverageValue', quantity: '16' },
  replicas: { min: 2, max: 6, current: 3 },
  desired: 4,
};
const metric: InventoryEntry = {
  metric: 'datadogmetric@shop:web',
  query: 'avg:a{*}',
  value: 50.5,
  timestamp: 988,
  earlier: [{ value: 47, timestamp: 970 }],
  served: 50.5,
  isActive: true,
  isValid: true,
  problem: '',
  references: ['hpa:shop/web'],
  users: [user],
};
const shown = (...metrics: readonly InventoryEntry[]): readonly string[] => metricsText({ now: 1000, problem: '', metrics }).split('\n');

it('shows each metric, who uses it, and what they would do', () => {
  expect(shown(metric)).toEqual([
    'METRIC                  VALUE  AGE  ACTIVE  VALID  BEFORE',
    'datadogmetric@shop:web  50.5   12s  yes     yes    47',
    '  query  avg:a{*}',
    '  used   by hpa:shop/web: target 16 for each replica, 3 replicas of 2 to 6, would be 4',
  ]);
});

it('shows what is wrong, and what is served all the same', () => {
  const wpa: MetricUser = { ...user, reference: 'wpa:shop/web', target: undefined, desired: undefined };
  const uncounted: MetricUser = { ...user, replicas: { ...user.replicas, current: undefined }, desired: undefined };
  const users = [uncounted, wpa];
  const failing = { ...metric, timestamp: 0, earlier: [], isValid: false, problem: 'no data', served: 7, users, references: ['hpa:a/b'] };
  expect(shown(failing)).toEqual([
    'METRIC                  VALUE  AGE  ACTIVE  VALID  BEFORE',
    'datadogmetric@shop:web  -      -    yes     no',
    '  query  avg:a{*}',
    '  error  no data',
    '  served 7',
    '  used   by hpa:shop/web: target 16 for each replica, unknown replicas of 2 to 6, would be unknown',
    '  used   by wpa:shop/web',
    '  used   by hpa:a/b',
  ]);
});

it('says in words that there is nothing, and why', () => {
  expect(shown()).toEqual(['There are no external metrics: no autoscaler asks for one.']);
  expect(metricsText({ now: 0, problem: 'external metrics are off', metrics: [] })).toBe('External metrics are off.');
});
