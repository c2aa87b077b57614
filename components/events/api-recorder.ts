import { Clock, component, Jobs, Lifecycle } from '../../src/fx/index.ts';
import { hasReason, Kubernetes, KubernetesError } from '../kubernetes/index.ts';
import { Log } from '../log/index.ts';
import { Random } from '../random/index.ts';
import { Telemetry, type Counter } from '../telemetry/index.ts';
import { Correlator } from './correlator.ts';
import { EventQueue } from './event-queue.ts';
import { EventRecorder, type KubernetesEvent } from './index.ts';
import { EventMaker, type WireEvent } from './wire-event.ts';

/** Writes events to the API server, one after the other. */
export const apiEventRecorder = component({
  provides: EventRecorder,
  requires: { clock: Clock, jobs: Jobs, kubernetes: Kubernetes, lifecycle: Lifecycle, log: Log, random: Random, telemetry: Telemetry },
  create: ({ jobs, lifecycle, ...surroundings }) => {
    const recorder = new ApiEventRecorder(surroundings);
    jobs.oneShot({ name: 'events', run: (signal) => recorder.run(signal) });
    lifecycle.append({ name: 'last events', stop: () => recorder.flush() });
    return recorder;
  },
});

interface Surroundings {
  readonly clock: Clock;
  readonly kubernetes: Kubernetes;
  readonly log: Log;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

/** What becomes of an event; each is counted. */
type Outcome = 'written' | 'suppressed' | 'rejected' | 'unreachable' | 'queue_full' | 'stopped';

const queueMax = 1000;
/** client-go's patience with an API server that does not answer; milliseconds. */
const triesMax = 12;
const retryMs = 10_000;
/** For an API server that answers, but has too much to do. Written twice, an event is the same event. */
const retriesMax = 10;
/** Milliseconds that a stop waits for what is still to be written. */
const flushMs = 2000;

const resource = { group: '', version: 'v1', plural: 'events', namespaced: true };

class ApiEventRecorder implements EventRecorder {
  readonly #surroundings: Surroundings;
  readonly #maker: EventMaker;
  readonly #correlator: Correlator;
  readonly #queue = new EventQueue<WireEvent>(queueMax);
  readonly #outcomes: Counter<'outcome'>;
  #mayPatch = true;
  #isDropping = false;
  /** Ends a flush. */
  #idle: (() => void) | undefined;
  #isWriting = false;

  constructor(surroundings: Surroundings) {
    const { clock, random, telemetry } = surroundings;
    this.#surroundings = surroundings;
    this.#maker = new EventMaker(clock, random);
    this.#correlator = new Correlator(clock, this.#maker);
    this.#outcomes = telemetry.counter({
      subsystem: 'kubernetes_events',
      name: 'recorded',
      labels: ['outcome'],
      help: 'Kubernetes events that the agent had to write, by what became of them',
    });
  }

  record(event: KubernetesEvent): void {
    const isTaken = this.#queue.offer(this.#maker.make(event));
    if (isTaken) this.#isDropping = false;
    else this.#drop();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const event = await this.#queue.take(signal).catch(() => undefined);
      if (event === undefined) return;
      this.#isWriting = true;
      this.#outcomes.add({ outcome: await this.#write(event, signal) });
      this.#isWriting = false;
      if (this.#queue.size === 0) this.#idle?.();
    }
  }

  /** Resolves when everything is written, or its time is up: what is left then is dropped. */
  async flush(): Promise<void> {
    const { clock, log } = this.#surroundings;
    if (this.#isWriting || this.#queue.size > 0) {
      await new Promise<void>((resolve) => {
        const cancel = clock.after(flushMs, resolve);
        this.#idle = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#idle = undefined;
    const left = this.#queue.clear();
    if (left === 0) return;
    log.warn('the agent stops: events are dropped', { events: left });
    this.#outcomes.add({ outcome: 'stopped' }, left);
  }

  async #write(event: WireEvent, signal: AbortSignal): Promise<Outcome> {
    const { clock, log, random } = this.#surroundings;
    const correlated = this.#correlator.correlate(event);
    if (correlated === undefined) return 'suppressed';
    const { reason, message, involvedObject } = correlated;
    const what = { reason, message, kind: involvedObject.kind, name: involvedObject.name };
    const anew = { ...correlated, metadata: { ...correlated.metadata, name: this.#maker.name(involvedObject.name) } };
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#send(correlated, anew, signal);
        log.debug('event written', what);
        return 'written';
      } catch (error) {
        if (signal.aborted) return 'stopped';
        if (error instanceof KubernetesError) return this.#rejected(error, what);
        if (tries === triesMax) {
          log.error('cannot write an event; it is dropped', { ...what, tries, error });
          return 'unreachable';
        }
        log.debug('cannot write an event yet', { ...what, error });
        // The first wait is random, so that agents which lost the same API server do not come back together.
        await clock.sleep(tries === 1 ? retryMs * random.next() : retryMs, signal).catch(() => {});
      }
    }
  }

  /** @param anew the same under a name of its own, for where the event that exists cannot be changed */
  async #send(event: WireEvent, anew: WireEvent, signal: AbortSignal): Promise<void> {
    if (event.count > 1 && this.#mayPatch && (await this.#patch(event, signal))) return;
    const created = event.count > 1 && !this.#mayPatch ? anew : event;
    const { kubernetes } = this.#surroundings;
    await kubernetes.create({ resource, namespace: created.metadata.namespace }, created, { signal, retriesMax });
  }

  /** Tells whether the event could be changed. */
  async #patch({ count, lastTimestamp, message, metadata: { name, namespace } }: WireEvent, signal: AbortSignal): Promise<boolean> {
    const { kubernetes, log } = this.#surroundings;
    try {
      await kubernetes.patch({ resource, namespace, name }, { count, lastTimestamp, message }, { type: 'strategic', signal, retriesMax });
      return true;
    } catch (error) {
      if (hasReason(error, 'NotFound')) return false; // events are kept for an hour
      if (!hasReason(error, 'Forbidden')) throw error;
      this.#mayPatch = false;
      log.info(
        'not allowed to patch events: those that repeat are written as new ones with their count; to have one that counts, allow it',
        { verb: 'patch', resource: 'events' },
      );
      return false;
    }
  }

  #rejected(error: KubernetesError, what: Readonly<Record<string, string>>): Outcome {
    const { log } = this.#surroundings;
    const isExpected = error.reason === 'AlreadyExists' || /being terminated/.test(error.message);
    if (isExpected) log.debug('the API server does not take an event', { ...what, error });
    else log.error('the API server does not take an event; it is dropped', { ...what, error });
    return 'rejected';
  }

  #drop(): void {
    this.#outcomes.add({ outcome: 'queue_full' });
    if (!this.#isDropping) this.#surroundings.log.warn('events come faster than they can be written; the newest are dropped', { queueMax });
    this.#isDropping = true;
  }
}
