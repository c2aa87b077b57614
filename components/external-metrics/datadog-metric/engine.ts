import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../../src/fx/index.ts';
import type { Informer, Informers, Kubernetes, WorkOutcome, Workqueue, Workqueues } from '../../kubernetes/index.ts';
import type { LeaderElection } from '../../leader-election/index.ts';
import type { Log } from '../../log/index.ts';
import { autoscalersOf, type Autoscaler, type AutoscalersOptions, type FollowedAutoscalers } from '../autoscalers.ts';
import { inSlices } from '../in-slices.ts';
import type { MetricController } from './controller.ts';
import { misreadIn } from './from-object.ts';
import { idOf, isNew } from './metric.ts';
import type { MetricObject } from './object.ts';
import { readersOf, updateReferences, type AutogenOptions } from './references.ts';
import type { Retriever } from './retriever.ts';
import type { MetricStore } from './store.ts';

interface Parts {
  readonly store: MetricStore;
  readonly objects: Informer<MetricObject>;
  readonly controller: MetricController;
  readonly retriever: Retriever;
  readonly autogen: () => AutogenOptions;
  readonly kubernetes: Kubernetes;
  readonly informers: Informers;
  readonly workqueues: Workqueues;
  readonly election: LeaderElection;
  readonly log: Log;
  readonly clock: Clock;
  /** Called after all metrics were asked for, with the seconds that it took. */
  readonly onRefreshed: (seconds: number) => void;
  readonly options: EngineOptions;
}

export interface EngineOptions extends AutoscalersOptions {
  /** Milliseconds between two queries of a metric. */
  readonly refreshMs: number;
  /** Objects that are synchronized at once. */
  readonly workers: number;
}

/** Longer than a first list takes, shorter than anybody wants to wait for a kind that is not there. Milliseconds. */
const watermarkPatienceMs = 5000;
/** Changes that come together are answered together. Milliseconds. */
const coalesceMs = 1000;
/** Which part of the refresh period queries are spread over; the rest is for answers that are late. */
const spreadShare = 0.8;

/** Drives the metrics: objects, readers and values, each in a queue of its own. */
export class MetricEngine {
  readonly #parts: Parts;
  readonly #changed: Workqueue;
  readonly #readers: Workqueue<'all'>;
  readonly #values: Workqueue<'all' | 'new'>;
  /**
   * Objects are read from `filling` on: before that the name of the cluster is not known, which queries may hold. Whether one is missing
   * can only be told once the store is `filled`.
   */
  #stage: 'empty' | 'filling' | 'filled' = 'empty';
  #releases: readonly (() => void)[] = [];
  #followed: FollowedAutoscalers | undefined;

  constructor(parts: Parts) {
    const { workqueues, store } = parts;
    this.#parts = parts;
    this.#changed = workqueues.create({ name: 'datadogmetrics' });
    this.#readers = workqueues.create({ name: 'datadogmetrics-readers' });
    this.#values = workqueues.create({ name: 'datadogmetrics-values' });
    store.observe((id, metric, sender) => {
      if (sender !== 'controller') this.#changed.add(id);
      if (metric !== undefined && isNew(metric)) this.#values.addAfter('new', coalesceMs);
    });
  }

  /** Every autoscaler that is known. */
  get autoscalers(): readonly Autoscaler[] {
    return this.#followed?.list() ?? [];
  }

  start(): void {
    const { objects, election } = this.#parts;
    const changed = (object: MetricObject, previous: MetricObject): void => this.#change(object, previous);
    const added = (object: MetricObject): void => {
      this.#change(object);
      // Somebody may read it already.
      this.#readers.addAfter('all', coalesceMs);
    };
    const deleted = ({ metadata }: MetricObject): void => this.#changed.add(idOf(metadata));
    this.#releases = [objects.handle({ added, updated: changed, deleted }), election.subscribe(() => this.#takeOver())];
  }

  stop(): void {
    for (const release of this.#releases) release();
    this.#releases = [];
  }

  /** What an object says counts at once; what is to be written waits its turn. */
  #change(object: MetricObject, previous?: MetricObject): void {
    if (!isDeepStrictEqual(object.annotations, previous?.annotations)) this.#warn(object);
    if (this.#stage !== 'empty') this.#parts.controller.absorb(object, previous);
    this.#changed.add(idOf(object.metadata));
  }

  #warn(object: MetricObject): void {
    for (const misread of misreadIn(object))
      this.#parts.log.warn('an annotation of a DatadogMetric cannot be read and does not count', {
        datadogmetric: idOf(object.metadata),
        ...misread,
      });
  }

  /** A new leader looks at everything at once, without waiting for its turn. */
  #takeOver(): void {
    for (const { id } of this.#parts.store.all()) this.#changed.add(id);
    this.#readers.add('all');
    this.#values.add('all');
  }

  /** Keeps store and objects alike. */
  async synchronize(signal: AbortSignal, healthy: () => void): Promise<void> {
    const { objects, controller, options } = this.#parts;
    await objects.synced(signal);
    await this.#load();
    healthy();
    await this.#changed.run({ workers: options.workers, work: (id, ending) => controller.sync(id, ending), signal });
  }

  /** Fills the store with what there is, giving others their turn, and has it all looked at. */
  async #load(): Promise<void> {
    const { objects, controller } = this.#parts;
    this.#stage = 'filling';
    await inSlices(objects.list(), (object) => controller.absorb(object));
    this.#stage = 'filled';
    this.#readers.add('all');
    this.#values.add('all');
  }

  /** Follows who reads which metric until it is stopped; `healthy` is called once it does. */
  async watchReaders(signal: AbortSignal, healthy: () => void): Promise<void> {
    const { kubernetes, informers, options } = this.#parts;
    const followed = await autoscalersOf(kubernetes, informers, options);
    this.#followed = followed;
    const changed = (): void => this.#readers.addAfter('all', coalesceMs);
    const release = followed.handle({ added: changed, updated: changed, deleted: changed });
    try {
      await this.#syncedReaders(followed, signal);
      healthy();
      this.#readers.add('all');
      await this.#readers.run({ workers: 1, work: () => this.#updateReaders(), signal });
    } finally {
      release();
    }
  }

  /** The kind of watermark autoscalers may not be installed: then metrics must not wait for it for ever. */
  async #syncedReaders({ horizontal, watermark }: FollowedAutoscalers, signal: AbortSignal): Promise<void> {
    const { objects, clock } = this.#parts;
    await Promise.all([horizontal.synced(signal), objects.synced(signal)]);
    if (watermark !== undefined) await Promise.race([watermark.synced(signal), clock.sleep(watermarkPatienceMs, signal)]);
  }

  async #updateReaders(): Promise<{ readonly afterMs: number }> {
    const { store, autogen, election, clock, options } = this.#parts;
    if (election.isLeader() && this.#stage === 'filled')
      await updateReferences(store, await readersOf(this.autoscalers, autogen()), clock.now() / 1000);
    return { afterMs: options.refreshMs };
  }

  /** Fetches values: of all metrics in turn, and of new ones at once. */
  async retrieve(signal: AbortSignal): Promise<void> {
    await this.#parts.objects.synced(signal);
    this.#values.add('all');
    await this.#values.run({ workers: 2, work: (which, ending) => this.#refresh(which, ending), signal, drainMs: 0 });
  }

  async #refresh(which: 'all' | 'new', signal: AbortSignal): Promise<WorkOutcome> {
    const { store, retriever, election, clock, onRefreshed, options } = this.#parts;
    const isLeader = election.isLeader();
    if (which === 'new') return isLeader ? retriever.refresh([...store.all()].filter(isNew), { signal, spreadMs: 0 }) : undefined;
    const begun = clock.monotonic();
    if (isLeader) {
      await retriever.refresh(store.all(), { signal, spreadMs: options.refreshMs * spreadShare });
      onRefreshed((clock.monotonic() - begun) / 1000);
    }
    return { afterMs: Math.max(0, begun + options.refreshMs - clock.monotonic()) };
  }
}
