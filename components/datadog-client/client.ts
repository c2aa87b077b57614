import type { Clock } from '../../src/fx/index.ts';
import type { Result } from './answer.ts';
import { isItsOwnFault, type Endpoint } from './endpoint.ts';
import { QueryError, type DatadogClient, type MetricPoint, type MetricQuery, type QueryFailure, type QueryOptions } from './index.ts';
import { batchesOf, problemIn } from './query-text.ts';

interface Parts {
  /** At least one; in the order in which they are asked. */
  readonly endpoints: readonly Endpoint[];
  readonly clock: Clock;
  /** Queries in one request. */
  readonly chunkSize: () => number;
  /** Requests at the same time. */
  readonly parallelMax: () => number;
  readonly onRequest: (failure: QueryFailure | undefined) => void;
  readonly onResult: (result: Result) => void;
  readonly onSwitch: (from: Endpoint, to: Endpoint) => void;
  /** No endpoint answers; called once for each way in which that happens, however often it does. */
  readonly onOutage: (error: QueryError) => void;
  readonly onRecovery: () => void;
}

/** How many requests one call may spend on finding out which queries spoil their batches. */
const splitsMax = 100;

/** How many refused queries are remembered; of those that nobody asks any more, nothing else tells. */
const refusedMax = 10_000;

/** Asks in batches, of the first endpoint that answers; a query that spoils its batch is found and asked alone from then on. */
export class BatchedClient implements DatadogClient {
  readonly #parts: Parts;
  #lastUsed: Endpoint | undefined;
  #outage: QueryFailure | undefined;
  /** Texts of queries that were refused when they were last asked; the longest known first. */
  readonly #refused = new Set<string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#parts.endpoints;
  }
  get lastUsed(): Endpoint | undefined {
    return this.#lastUsed;
  }

  async query<Q extends MetricQuery>(
    queries: readonly Q[],
    { signal, spreadMs = 0, onOutcome }: QueryOptions<Q>,
  ): Promise<ReadonlyMap<Q, MetricPoint | QueryError>> {
    const call = new Call<Q>(signal, onOutcome);
    await this.#spread(this.#batches(queries, call), { spreadMs, signal, count: queries.length }, (batch) => this.#answer(batch, call));
    // Where nothing is answered it is not the queries: to ask all of them alone would be a storm on who is down already.
    if (call.isAnswered) this.#remember(queries, call.refused);
    if (call.isAnswered && !call.hasOutage && this.#outage !== undefined) {
      this.#outage = undefined;
      this.#parts.onRecovery();
    }
    return call.outcomes;
  }

  /** What was not asked this time stays as it was: a few new metrics are asked for between two refreshes of all. */
  #remember(asked: readonly MetricQuery[], refused: ReadonlySet<string>): void {
    for (const { query } of asked) this.#refused.delete(query);
    for (const query of refused) this.#refused.add(query);
    for (const query of this.#refused) {
      if (this.#refused.size <= refusedMax) return;
      this.#refused.delete(query);
    }
  }

  *#batches<Q extends MetricQuery>(queries: readonly Q[], call: Call<Q>): Generator<readonly Q[]> {
    const refused = this.#refused;
    const limits = { sizeMax: this.#parts.chunkSize(), isAlone: ({ query }: Q) => refused.has(query) };
    const byWindow = Map.groupBy(queries, ({ windowSeconds }) => windowSeconds);
    for (const sameWindow of byWindow.values()) yield* batchesOf(sound(sameWindow, call), limits);
  }

  /** Begins the batches evenly over the time that is given, a limited number at once. Each is made when its turn comes. */
  async #spread<Q>(
    batches: Iterator<readonly Q[]>,
    { spreadMs, signal, count }: { readonly spreadMs: number; readonly signal: AbortSignal; readonly count: number },
    work: (batch: readonly Q[]) => Promise<void>,
  ): Promise<void> {
    const { clock, parallelMax } = this.#parts;
    const begun = clock.monotonic();
    let taken = 0;
    const worker = async (): Promise<void> => {
      for (let next = batches.next(); next.done !== true; next = batches.next()) {
        const waitMs = begun + (taken * spreadMs) / count - clock.monotonic();
        taken += next.value.length;
        if (waitMs > 0) await clock.sleep(waitMs, signal);
        await work(next.value);
      }
    };
    await Promise.all(Array.from({ length: Math.min(parallelMax(), count) }, worker));
  }

  async #answer<Q extends MetricQuery>(batch: readonly Q[], call: Call<Q>): Promise<void> {
    try {
      const results = await this.#ask(batch, call.signal);
      call.isAnswered = true;
      for (const [index, query] of batch.entries()) {
        const result = results[index];
        if (result === undefined) continue;
        this.#parts.onResult(result);
        call.settle(query, result.outcome);
      }
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      if (isItsOwnFault(error.failure)) this.#tell(error, call);
      if (error.failure !== 'invalid-query' || batch.length === 1 || !call.maySplit()) {
        for (const query of batch) call.settle(query, error);
        return;
      }
      const middle = batch.length >> 1;
      await this.#answer(batch.slice(0, middle), call);
      await this.#answer(batch.slice(middle), call);
    }
  }

  /** The first of a call stands for all: the batches of a refresh fail together. */
  #tell(error: QueryError, call: { hasOutage: boolean }): void {
    const isNews = !call.hasOutage && error.failure !== this.#outage;
    call.hasOutage = true;
    if (!isNews) return;
    this.#outage = error.failure;
    this.#parts.onOutage(error);
  }

  /** The first endpoint that answers; those that failed lately are asked last. */
  async #ask(batch: readonly MetricQuery[], signal: AbortSignal): Promise<readonly Result[]> {
    const order = [...this.endpoints.filter(({ isResting }) => !isResting), ...this.endpoints.filter(({ isResting }) => isResting)];
    const failures: { readonly url: string; readonly error: QueryError }[] = [];
    for (const endpoint of order) {
      try {
        const results = await endpoint.ask(batch, signal);
        this.#parts.onRequest(undefined);
        this.#use(endpoint);
        return results;
      } catch (error) {
        if (!(error instanceof QueryError)) throw error;
        this.#parts.onRequest(error.failure);
        if (!isItsOwnFault(error.failure)) throw error;
        failures.push({ url: endpoint.url, error });
      }
    }
    throw together(failures);
  }

  #use(endpoint: Endpoint): void {
    if (this.#lastUsed !== undefined && this.#lastUsed !== endpoint) this.#parts.onSwitch(this.#lastUsed, endpoint);
    this.#lastUsed = endpoint;
  }
}

/** Those that can be asked; the others have their answer at once. */
function* sound<Q extends MetricQuery>(queries: Iterable<Q>, call: Call<Q>): Generator<Q> {
  for (const each of queries) {
    const problem = problemIn(each.query);
    if (problem === undefined) yield each;
    else call.settle(each, new QueryError('invalid-query', `invalid query "${each.query}": ${problem}`));
  }
}

function together(failures: readonly { readonly url: string; readonly error: QueryError }[]): QueryError {
  const [first] = failures;
  if (first === undefined) return new QueryError('unavailable', 'there is no endpoint to query');
  if (failures.length === 1) return first.error;
  const each = failures.map(({ url, error }) => `Failed to query metrics on ${url}: ${error.message}`);
  return new QueryError(first.error.failure, `Failed to query metrics on all endpoints, ${each.join(', ')}`, {
    cause: new AggregateError(failures.map(({ error }) => error)),
  });
}

/** What one call has found out so far. */
class Call<Q extends MetricQuery> {
  readonly signal: AbortSignal;
  readonly #onOutcome: QueryOptions<Q>['onOutcome'];
  readonly outcomes = new Map<Q, MetricPoint | QueryError>();
  readonly refused = new Set<string>();
  /** Some batch was answered. */
  isAnswered = false;
  /** Some batch was answered by no endpoint. */
  hasOutage = false;
  #splits = 0;

  constructor(signal: AbortSignal, onOutcome: QueryOptions<Q>['onOutcome']) {
    this.signal = signal;
    this.#onOutcome = onOutcome;
  }

  settle(query: Q, outcome: MetricPoint | QueryError): void {
    this.outcomes.set(query, outcome);
    if (outcome instanceof QueryError && outcome.failure === 'invalid-query') this.refused.add(query.query);
    this.#onOutcome?.(query, outcome);
  }

  maySplit(): boolean {
    this.#splits += 1;
    return this.#splits <= splitsMax;
  }
}
