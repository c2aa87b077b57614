/** A moment in milliseconds since 1970, and the value then. */
export type Point = readonly [atMs: number, value: number | null];

/** The points of a series between two moments, in milliseconds since 1970. */
export type SeriesFunction = (from: number, to: number) => readonly Point[];

/** What a query finds: several series where it is grouped (`by {host}`), by their scope (`host:a`). */
export type Answer = SeriesFunction | Readonly<Record<string, SeriesFunction>>;

export interface QueryResult {
  readonly status: number;
  readonly body: object;
}

const opening = new Map([
  ['(', ')'],
  ['{', '}'],
  ['[', ']'],
]);

/**
 * The queries that a comma joins, as the service takes them apart: commas inside brackets and quotes belong to a query.
 *
 * @returns undefined where brackets or quotes are not balanced
 */
export function queriesIn(text: string): readonly string[] | undefined {
  const queries = [''];
  const open: string[] = [];
  for (const character of text) {
    const within = open.at(-1);
    if (character === within) open.pop();
    else if (within === '"') void 0;
    else if (character === '"') open.push('"');
    else if (opening.has(character)) open.push(opening.get(character) ?? '');
    else if (')}]'.includes(character)) return undefined;
    if (character === ',' && open.length === 0) queries.push('');
    else queries[queries.length - 1] += character;
  }
  return open.length === 0 ? queries.map((query) => query.trim()) : undefined;
}

/** The metric's name in `avg:nginx.requests{*}`. */
function metricOf(query: string): string {
  return /(?:\w+:)?([\w.]+)\{/.exec(query)?.[1] ?? query;
}

/** `GET /api/v1/query`: the series behind each query that somebody has set an answer for. */
export function answerQuery(parameters: URLSearchParams, answers: ReadonlyMap<string, Answer>): QueryResult {
  const [from, to, query] = ['from', 'to', 'query'].map((name) => parameters.get(name) ?? '');
  const [fromSeconds, toSeconds] = [Number(from), Number(to)];
  if (!query || !from || !to || Number.isNaN(fromSeconds + toSeconds)) {
    return { status: 400, body: { errors: ['The following query parameters are required: from, to, query'] } };
  }
  const queries = queriesIn(query);
  if (queries === undefined || queries.some((each) => each === '')) {
    return { status: 400, body: { errors: ["Error parsing query: unable to parse it: Rule 'scope_expr' didn't match"] } };
  }
  const window = { from: fromSeconds * 1000, to: toSeconds * 1000 };
  const series = queries.flatMap((each, index) => seriesOf(each, { index, answer: answers.get(each), ...window }));
  const head = { status: 'ok', res_type: 'time_series', resp_version: 1, query, from_date: window.from, to_date: window.to };
  return { status: 200, body: { ...head, series, values: [], times: [], group_by: [], message: '', error: '' } };
}

interface Asked {
  readonly index: number;
  readonly answer: Answer | undefined;
  readonly from: number;
  readonly to: number;
}

function seriesOf(query: string, { index, answer, from, to }: Asked): readonly object[] {
  if (answer === undefined) return [];
  const scopes = typeof answer === 'function' ? [['*', answer] as const] : Object.entries(answer);
  return scopes.flatMap(([scope, points]) => {
    const pointlist = points(from, to);
    if (pointlist.length === 0) return [];
    const metric = metricOf(query);
    const common = { metric, display_name: metric, scope, expression: query, query_index: index, aggr: null, unit: null };
    const [start, end] = [pointlist[0]?.[0], pointlist.at(-1)?.[0]];
    return [{ ...common, pointlist, length: pointlist.length, interval: 20, start, end, tag_set: scope === '*' ? [] : [scope] }];
  });
}
