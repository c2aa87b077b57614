import type { Clock } from '../../../src/fx/index.ts';
import type { DatadogClient } from '../../datadog-client/index.ts';
import type { EventRecorder } from '../../events/index.ts';
import type { Informers, Kubernetes, WorkOutcome, Workqueue, Workqueues } from '../../kubernetes/index.ts';
import type { LeaderElection } from '../../leader-election/index.ts';
import type { Log } from '../../log/index.ts';
import { autoscalersOf, type Autoscaler, type AutoscalersOptions, type FollowedAutoscalers } from '../autoscalers.ts';
import { referenceOf, type Entry } from './entry.ts';
import type { LocalCopy } from './local-copy.ts';
import type { ConfigMapStore } from './store.ts';
import { fetched, problemOf, queryOf, withOutcome, type Outcomes, type QueryForm } from './values.ts';
import { entriesFor, reconciled, type Wanted } from './wanted.ts';

export interface EngineOptions extends QueryForm, AutoscalersOptions {
  /** Milliseconds between two queries of a metric. */
  readonly refreshMs: number;
  /** Milliseconds between two searches for entries of autoscalers that are gone. */
  readonly sweepMs: number;
  /** Seconds that queries reach back. */
  readonly windowSeconds: number;
  /** Seconds after which a value is too old. */
  readonly maxAge: number;
}

interface Parts {
  readonly store: ConfigMapStore;
  readonly copy: LocalCopy;
  readonly client: DatadogClient;
  readonly recorder: EventRecorder;
  readonly kubernetes: Kubernetes;
  readonly informers: Informers;
  readonly workqueues: Workqueues;
  readonly election: LeaderElection;
  readonly log: Log;
  readonly clock: Clock;
  readonly options: EngineOptions;
}

/** All metrics in turn, those that are new, or those of autoscalers that are gone. */
type Work = 'refresh' | 'changed' | 'sweep';

/** Changes that come together are answered together. Milliseconds. */
const coalesceMs = 1000;
/** Which part of the refresh period queries are spread over: values are written when the last one is there. */
const spreadShare = 0.5;

/** On the leader: turns what autoscalers want into entries, keeps their values new, and removes those of autoscalers that are gone. */
export class ConfigMapEngine {
  readonly #parts: Parts;
  readonly #queue: Workqueue<Work>;
  #followed: FollowedAutoscalers | undefined;
  /** Autoscalers and metrics whose refusal has been told. */
  #refused: ReadonlySet<string> = new Set();
  /** By query: why the last one gave no valid value. */
  #problems: ReadonlyMap<string, string> = new Map();
  #failure: string | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#queue = parts.workqueues.create({ name: 'autoscalers' });
  }

  /** The ConfigMap is gone: it is made anew. */
  restore(): void {
    this.#queue.add('changed');
  }

  /** Every autoscaler that is known. */
  get autoscalers(): readonly Autoscaler[] {
    return this.#followed?.list() ?? [];
  }

  /** Why the ConfigMap could not be kept when that was last tried; undefined when it could. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Why a query has no valid value. Only the leader can tell: what it has heard of Datadog is not in the ConfigMap. */
  problemOf(query: string): string | undefined {
    return this.#parts.election.isLeader() ? this.#problems.get(query) : undefined;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { kubernetes, informers, election, options } = this.#parts;
    const followed = await autoscalersOf(kubernetes, informers, options);
    this.#followed = followed;
    const releases = [
      this.#handle(followed),
      election.subscribe((isLeader) => {
        if (isLeader) this.#takeOver();
      }),
    ];
    try {
      // Only horizontal ones are sure to be there: the other kind may not be installed, and is taken up when it is.
      await followed.horizontal.synced(signal);
      this.#takeOver();
      await this.#queue.run({ workers: 2, work: (which) => this.#work(which, signal), signal, drainMs: 0 });
    } finally {
      for (const release of releases) release();
    }
  }

  #handle(autoscalers: FollowedAutoscalers): () => void {
    const changed = (): void => this.#queue.addAfter('changed', coalesceMs);
    return autoscalers.handle({
      added: changed,
      updated: (autoscaler, previous) => {
        if (wishOf(autoscaler) !== wishOf(previous)) changed();
      },
      deleted: () => this.#queue.addAfter('sweep', coalesceMs),
    });
  }

  #takeOver(): void {
    this.#queue.add('refresh');
    this.#queue.add('sweep');
  }

  async #work(which: Work, signal: AbortSignal): Promise<WorkOutcome> {
    const { clock, election, options } = this.#parts;
    const begun = clock.monotonic();
    try {
      if (!election.isLeader()) this.#failure = undefined;
      else {
        await this.#lead(which, signal);
        // The others may have had nothing to write.
        if (which === 'refresh') this.#tell(undefined);
      }
    } catch (error) {
      if (signal.aborted) return undefined;
      // Not tried again before its time: Datadog would be asked each time, and after long trouble hardly ever.
      this.#tell(error);
    }
    if (which === 'changed') return undefined;
    const everyMs = which === 'sweep' ? options.sweepMs : options.refreshMs;
    return { afterMs: Math.max(1, begun + everyMs - clock.monotonic()) };
  }

  /** A failure that goes on is told once. */
  #tell(error: unknown): void {
    const { log } = this.#parts;
    const failure = error instanceof Error ? error.message : undefined;
    if (failure === this.#failure) return;
    this.#failure = failure;
    if (failure === undefined) log.info('the ConfigMap of external metrics is kept again');
    else log.error('the ConfigMap of external metrics cannot be kept; each refresh tries again', { error });
  }

  async #lead(which: Work, signal: AbortSignal): Promise<void> {
    if (which === 'sweep') return this.#write({ outcomes: new Map(), isSweep: true }, signal);
    const { store, client, clock, options } = this.#parts;
    const { entries } = await store.read(signal);
    const all = reconciled(entries, this.#wanted(), false);
    const asked = which === 'refresh' ? all : all.filter(isNew);
    const queries = asked.map((entry) => queryOf(entry, options));
    const spreadMs = which === 'refresh' ? options.refreshMs * spreadShare : 0;
    const outcomes = await fetched(client, queries, { signal, windowSeconds: options.windowSeconds, spreadMs });
    const limits = { maxAge: options.maxAge, now: clock.now() / 1000 };
    const problems = [...outcomes].map(([query, outcome]) => [query, problemOf(outcome, limits)] as const);
    this.#problems = new Map([...(which === 'refresh' ? [] : this.#problems), ...problems]);
    await this.#write({ outcomes, isSweep: false }, signal);
  }

  /** What autoscalers want may have changed while Datadog was asked, and so may the leader: both count at the moment of the write. */
  async #write({ outcomes, isSweep }: { readonly outcomes: Outcomes; readonly isSweep: boolean }, signal: AbortSignal): Promise<void> {
    const { store, copy, election, clock, options } = this.#parts;
    let before: readonly Entry[] | undefined;
    const state = await store.update((entries) => {
      before = undefined;
      if (!election.isLeader()) return undefined;
      before = entries;
      const limits = { maxAge: options.maxAge, now: clock.now() / 1000 };
      return reconciled(entries, this.#wanted(), isSweep).map((entry) => withOutcome(entry, outcomes.get(queryOf(entry, options)), limits));
    }, signal);
    copy.renew(state);
    if (before !== undefined) this.#announce(before, state.entries);
  }

  #wanted(): Wanted {
    const followed = this.#followed;
    const byReference = new Map<string, readonly Entry[]>();
    const refused = new Set<string>();
    for (const autoscaler of this.autoscalers) {
      const found = entriesFor(autoscaler);
      byReference.set(autoscaler.reference, found.entries);
      for (const { metric } of found.refused) refused.add(this.#refuse(autoscaler, metric));
    }
    this.#refused = refused;
    const isComplete: Wanted['isComplete'] = (kind) =>
      kind === 'hpa' ? followed?.horizontal.hasSynced === true : (followed?.watermark?.hasSynced ?? true);
    return { byReference, isComplete };
  }

  /** Says once which metric gets no value, and why. */
  #refuse({ reference }: Autoscaler, metric: string): string {
    const key = `${reference} ${metric}`;
    if (this.#refused.has(key)) return key;
    const why = metric.toLowerCase().startsWith('datadogmetric@')
      ? 'it refers to a DatadogMetric, which needs external_metrics_provider.use_datadogmetric_crd'
      : 'Datadog has no such names: a letter, then letters, digits, _ and ., at most 200';
    this.#parts.log.warn('an autoscaler wants a metric that is not served', { autoscaler: reference, metric, why });
    return key;
  }

  /** Tells those who look at an autoscaler that its metrics are cared for. */
  #announce(before: readonly Entry[], after: readonly Entry[]): void {
    const known = new Set(before.map(referenceOf));
    const served = new Set(after.map(referenceOf));
    for (const { type, reference, metadata } of this.autoscalers) {
      if (known.has(reference) || !served.has(reference)) continue;
      const { namespace, name, uid, resourceVersion } = metadata;
      const versions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
      const about = { ...type, namespace, name, ...versions };
      this.#parts.recorder.record({ about, type: 'Normal', reason: 'Autoscaler is now handled by the Cluster-Agent', message: '' });
    }
  }
}

/** What of an autoscaler matters here. */
function wishOf({ metadata: { uid }, metrics }: Autoscaler): string {
  return JSON.stringify([uid, metrics]);
}

/** Never asked for yet. */
function isNew({ timestamp }: Entry): boolean {
  return timestamp === 0;
}
