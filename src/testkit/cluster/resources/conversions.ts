import { type Json, type JsonObject, type KubeObject, arrayAt, at, isObject, numberAt, objectAt, textAt } from '../json.ts';
import type { Conversion } from './resource.ts';

function present(fields: Record<string, Json | undefined>): JsonObject {
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) result[key] = value;
  return result;
}

const isCpu = (metric: Json): boolean => textAt(metric, 'resource', 'name') === 'cpu';

/** autoscaling/v1 knows CPU utilization only; what else v2 says travels in an annotation of the real server, and is left out here. */
export const scalerConversion: Conversion = {
  toStorage(object) {
    const { targetCPUUtilizationPercentage, ...spec } = objectAt(object, 'spec');
    const cpu = { name: 'cpu', target: { type: 'Utilization', averageUtilization: targetCPUUtilizationPercentage ?? 80 } };
    const { currentCPUUtilizationPercentage, ...status } = objectAt(object, 'status');
    const current = { name: 'cpu', current: { averageUtilization: currentCPUUtilizationPercentage ?? 0 } };
    const measured = currentCPUUtilizationPercentage === undefined ? {} : { currentMetrics: [{ type: 'Resource', resource: current }] };
    return {
      ...object,
      apiVersion: 'autoscaling/v2',
      spec: { ...spec, metrics: [{ type: 'Resource', resource: cpu }] },
      status: { ...status, ...measured },
    };
  },
  fromStorage(object) {
    const { metrics: _metrics, behavior: _behavior, ...spec } = objectAt(object, 'spec');
    const { currentMetrics: _current, conditions: _conditions, ...status } = objectAt(object, 'status');
    const target = arrayAt(object, 'spec', 'metrics').find(isCpu);
    const current = arrayAt(object, 'status', 'currentMetrics').find(isCpu);
    return {
      ...object,
      apiVersion: 'autoscaling/v1',
      spec: { ...spec, ...present({ targetCPUUtilizationPercentage: numberAt(target, 'resource', 'target', 'averageUtilization') }) },
      status: {
        ...status,
        ...present({ currentCPUUtilizationPercentage: numberAt(current, 'resource', 'current', 'averageUtilization') }),
      },
    };
  },
};

/** Field names of core/v1 events on the left, of events.k8s.io/v1 on the right. */
const EVENT_NAMES = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
] as const;

function renamed(object: KubeObject, pairs: readonly (readonly [string, string])[]): KubeObject {
  const result: KubeObject = { ...object };
  for (const [from, to] of pairs) {
    const value = at(object, from);
    delete result[from];
    if (value !== undefined) result[to] = value;
  }
  return result;
}

/** Events are stored as core/v1 and shown as events.k8s.io/v1: the same object under other field names. */
export const eventConversion: Conversion = {
  toStorage: (object) => ({
    ...renamed(
      object,
      EVENT_NAMES.map(([older, newer]) => [newer, older]),
    ),
    apiVersion: 'v1',
  }),
  fromStorage: (object) => ({ ...renamed(object, EVENT_NAMES), apiVersion: 'events.k8s.io/v1' }),
};

/** Whether an object is a Kubernetes object at all: what every body must be before it is looked at. */
export function isKubeObject(value: Json | undefined): value is KubeObject {
  return isObject(value) && typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string' && isObject(value['metadata']);
}
