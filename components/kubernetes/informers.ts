import { Clock, Jobs, component, many } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { Log } from '../log/index.ts';
import { Random } from '../random/index.ts';
import { StatusProvider } from '../status/index.ts';
import { Telemetry } from '../telemetry/index.ts';
import { CachedInformer } from './cached-informer.ts';
import { Denials } from './denials.ts';
import { type Informer, type InformerOptions, Informers, kubernetesSettings } from './index.ts';
import { InformerJournal, informerMetrics, type InformerMetrics, type InformerState } from './informer-journal.ts';
import { Reflector } from './reflector.ts';
import { Transport } from './transport.ts';

/** Informers over the API server's list and watch. */
export const informers = component({
  provides: { informers: Informers, status: many(StatusProvider) },
  requires: {
    transport: Transport,
    denials: Denials,
    config: Config,
    clock: Clock,
    random: Random,
    log: Log,
    telemetry: Telemetry,
    jobs: Jobs,
  },
  create({ config, telemetry, jobs, ...parts }) {
    const shared = new SharedInformers({
      ...parts,
      metrics: informerMetrics(telemetry),
      resyncMs: config.get(kubernetesSettings.informersResyncPeriod) * 1000,
      listTimeoutMs: config.get(kubernetesSettings.apiserverInformerClientTimeout) * 1000,
      syncTimeoutSeconds: config.get(kubernetesSettings.cacheSyncTimeout),
    });
    jobs.oneShot({ name: 'follow', run: (signal) => shared.run(signal) });
    return { informers: shared, status: statusOf(shared) };
  },
});

interface Parts {
  readonly transport: Transport;
  readonly denials: Denials;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: InformerMetrics;
  readonly resyncMs: number;
  readonly listTimeoutMs: number;
  readonly syncTimeoutSeconds: number;
}

/** An informer with what keeps it up to date. */
interface Followed {
  readonly informer: CachedInformer<unknown>;
  readonly journal: InformerJournal;
  readonly reflector: Reflector;
}

interface SharedState extends InformerState {
  readonly objects: number;
  readonly hasSynced: boolean;
}

class SharedInformers implements Informers {
  readonly #parts: Parts;
  readonly #followed = new Map<object, Followed>();
  readonly #running = new Set<Promise<unknown>>();
  #signal: AbortSignal | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  informer<T>(options: InformerOptions<T>): Informer<T> {
    const known = this.#followed.get(options);
    // The options are the same object, and it was their transform that made the informer one of T.
    if (known !== undefined) return known.informer as CachedInformer<T>;
    const informer = new CachedInformer(options, this.#parts);
    const journal = new InformerJournal(options, this.#parts);
    const reflector = new Reflector({ ...this.#parts, collection: options, reflection: informer, observer: journal });
    const followed = { informer, journal, reflector } as Followed;
    this.#followed.set(options, followed);
    if (this.#signal !== undefined) this.#follow(followed, this.#signal);
    return informer;
  }

  /** Follows every informer, those to come too, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const followed of this.#followed.values()) this.#follow(followed, signal);
    await aborted(signal);
    this.#signal = undefined;
    await Promise.all(this.#running);
  }

  *states(): Generator<SharedState> {
    for (const { informer, journal } of this.#followed.values())
      yield { ...journal.state, objects: informer.size, hasSynced: informer.hasSynced };
  }

  #follow({ informer, journal, reflector }: Followed, signal: AbortSignal): void {
    const { clock, syncTimeoutSeconds } = this.#parts;
    const look = (): void => {
      if (!informer.hasSynced) journal.overdue(syncTimeoutSeconds);
    };
    const cancel = syncTimeoutSeconds > 0 ? clock.after(syncTimeoutSeconds * 1000, look) : (): void => {};
    const running = Promise.all([reflector.run(signal), informer.resync(signal)]).finally(() => {
      cancel();
      this.#running.delete(running);
    });
    this.#running.add(running);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function statusOf(shared: SharedInformers): StatusProvider {
  return {
    name: 'Informers',
    section: 'Informers',
    json: () => ({ informers: [...shared.states()] }),
    text: () => [...shared.states()].map((state) => `  ${lineOf(state)}\n`).join(''),
  };
}

function lineOf({ resource, namespace, objects, hasSynced, doing, watchRestarts, lastError }: SharedState): string {
  const where = namespace === undefined ? '' : ` in ${namespace}`;
  const how = [hasSynced ? 'synced' : 'not synced yet', doing, `${watchRestarts} watch restarts`].join(', ');
  return `${resource}${where}: ${objects} objects, ${how}${lastError === undefined ? '' : `: ${lastError}`}`;
}
