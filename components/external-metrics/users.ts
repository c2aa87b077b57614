import type { Autoscaler, WantedMetric } from './autoscalers.ts';
import { desiredReplicas } from './desired-replicas.ts';
import { inSlices } from './in-slices.ts';
import type { MetricUser } from './index.ts';
import { sortedBy } from './sorted-by.ts';

/** Which autoscalers read a metric, and what they want it to be. */
export type Users = readonly (Pick<Autoscaler, 'reference' | 'replicas'> & Pick<WantedMetric, 'target'>)[];

/** @param keyOf the key of the metric that an autoscaler means; undefined for one that is not served */
export async function usersByMetric(
  autoscalers: Iterable<Autoscaler>,
  keyOf: (metric: WantedMetric, autoscaler: Autoscaler) => string | undefined,
): Promise<ReadonlyMap<string, Users>> {
  const users = new Map<string, Users[number][]>();
  await inSlices(autoscalers, (autoscaler) => {
    const { reference, replicas, metrics } = autoscaler;
    for (const metric of metrics) {
      const key = keyOf(metric, autoscaler);
      if (key === undefined) continue;
      const known = users.get(key) ?? [];
      known.push({ reference, replicas, target: metric.target });
      users.set(key, known);
    }
  });
  return users;
}

/** The users of a metric with what each makes of a value; of none, an autoscaler makes nothing. */
export function shownUsers(users: Users = [], value: number | undefined): readonly MetricUser[] {
  const shown = users.map(({ reference, target, replicas }): MetricUser => {
    const desired = value === undefined || target === undefined ? undefined : desiredReplicas(value, target, replicas);
    return { reference, target, replicas, desired };
  });
  return sortedBy(shown, ({ reference }) => reference);
}
