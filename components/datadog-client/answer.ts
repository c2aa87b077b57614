import { z } from 'zod';
import { QueryError, type MetricPoint, type MetricQuery } from './index.ts';

/** The last moment that RFC 3339 can write: in the year 9999. */
const latestMs = 253_402_300_799_999;
/** What is wrong with one series concerns its own query: only its index may fail all of them. */
const answer = z.object({
  status: z.string().optional(),
  error: z.string().optional(),
  series: z
    .array(
      z.object({
        metric: z.string().catch(''),
        scope: z.string().catch(''),
        query_index: z.int().nullish().catch(Number.NaN),
        interval: z.number().optional().catch(undefined),
        pointlist: z.unknown(),
      }),
    )
    .nullish(),
});
type Series = NonNullable<z.infer<typeof answer>['series']>[number];

/** How many characters of Datadog's own words are passed on. */
export const wordsMax = 300;

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
  if (status === 'error') throw new QueryError('invalid-query', `API returned error: ${(error ?? 'without a reason').slice(0, wordsMax)}`);
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
  const label = `${series.metric}{${series.scope}}`;
  const without = (message: string): Result => ({ outcome: new QueryError('no-data', message), label });
  if (another !== undefined) return without('multiple series found. Please change your query to return a single serie');
  const list = series.pointlist ?? [];
  if (!Array.isArray(list) || !list.every(isPoint)) return without('points found in API response that cannot be read');
  const points = list.flatMap(([atMs, value]) =>
    value === null || atMs < 0 || atMs > latestMs ? [] : [{ value, timestamp: Math.trunc(atMs / 1000) }],
  );
  const chosen = points.at(-2) ?? points.at(-1);
  if (chosen !== undefined) return { outcome: chosen, label };
  const interval = series.interval === undefined ? '' : ` (interval was ${series.interval})`;
  return without(`only null values found in API response (${list.length} points), ${advice}${interval}`);
}

/** By hand: there may be 50 000 of them in an answer, and a schema takes a tenth of a second for so many. */
function isPoint(given: unknown): given is readonly [atMs: number, value: number | null] {
  return Array.isArray(given) && Number.isFinite(given[0]) && (given[1] === null || Number.isFinite(given[1]));
}
