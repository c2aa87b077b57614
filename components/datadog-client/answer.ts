import { z } from 'zod';
import { QueryError, type MetricPoint, type MetricQuery } from './index.ts';

/** No date is further from 1970. */
const latestMs = 8.64e15;
const point = z.tuple([z.number(), z.number().nullable()]);
const answer = z.object({
  status: z.string().optional(),
  error: z.string().optional(),
  series: z
    .array(
      z.object({
        metric: z.string().optional(),
        scope: z.string().optional(),
        query_index: z.int().nullish(),
        interval: z.number().nullish(),
        pointlist: z.array(point).nullish(),
      }),
    )
    .nullish(),
});
type Series = NonNullable<z.infer<typeof answer>['series']>[number];

/** What Datadog says of one query. */
export interface Result {
  readonly outcome: MetricPoint | QueryError;
  /** `<metric>{<scope>}` as telemetry names it; undefined without a series. */
  readonly label: string | undefined;
}

/**
 * Reads the answer to a batch.
 *
 * @returns a result for each query, in their order
 * @throws QueryError `invalid-query` when Datadog refuses one of them or mixes them up, `bad-response` when it is no answer at all
 */
export function readAnswer(body: unknown, batch: readonly MetricQuery[]): readonly Result[] {
  const parsed = answer.safeParse(body ?? {});
  if (!parsed.success) throw new QueryError('bad-response', 'Datadog API response is not what a query is answered with');
  const { status, error, series } = parsed.data;
  if (status === 'error') throw new QueryError('invalid-query', `API returned error: ${error ?? 'without a reason'}`);
  const found = Map.groupBy(series ?? [], (each) => indexOf(each, batch.length));
  return batch.map((query, index) => resultOf(query, found.get(index) ?? []));
}

function indexOf({ query_index: index }: Series, count: number): number {
  if (index === undefined || index === null) {
    if (count === 1) return 0;
  } else if (index >= 0 && index < count) return index;
  throw new QueryError('invalid-query', 'Datadog API response did not match the submitted query batch');
}

function resultOf({ windowSeconds }: MetricQuery, [series, another]: readonly Series[]): Result {
  const advice = `check data is available in the last ${windowSeconds} seconds`;
  if (series === undefined) return { outcome: new QueryError('no-data', `no serie returned for this query, ${advice}`), label: undefined };
  const label = `${series.metric ?? ''}{${series.scope ?? ''}}`;
  if (another !== undefined) {
    const message = 'multiple series found. Please change your query to return a single serie';
    return { outcome: new QueryError('invalid-query', message), label };
  }
  const points = (series.pointlist ?? []).flatMap(([atMs, value]) =>
    value === null || Math.abs(atMs) > latestMs ? [] : [{ value, timestamp: Math.trunc(atMs / 1000) }],
  );
  const chosen = points.at(-2) ?? points.at(-1);
  if (chosen !== undefined) return { outcome: chosen, label };
  const interval = typeof series.interval === 'number' ? ` (interval was ${series.interval})` : '';
  const nulls = `only null values found in API response (${series.pointlist?.length ?? 0} points), ${advice}${interval}`;
  return { outcome: new QueryError('no-data', nulls), label };
}
