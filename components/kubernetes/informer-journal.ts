import type { Clock } from '../../src/fx/index.ts';
import type { Log } from '../log/index.ts';
import type { Counter, Telemetry } from '../telemetry/index.ts';
import type { InformerOptions } from './index.ts';
import { qualifiedName } from './paths.ts';
import type { ReflectorObserver } from './reflector.ts';

export type InformerMetrics = ReturnType<typeof informerMetrics>;

export function informerMetrics(telemetry: Telemetry) {
  const ofResource = (name: string, help: string): Counter<'resource'> =>
    telemetry.counter({ subsystem: 'informer', name, help, labels: ['resource'] });
  return {
    lists: ofResource('list_pages', 'Pages of lists that informers have read'),
    watches: ofResource('watch_restarts', 'Watches that informers have opened after the first'),
    standIns: ofResource('watch_stand_ins', 'Second connections of watches, opened because the first was silent'),
    failures: ofResource('failures', 'Lists and watches of informers that failed'),
    syncTimeouts: telemetry.counter({
      subsystem: '',
      name: 'apiserver_cache_sync_timeouts',
      help: 'Informers whose first list was not complete in time',
    }),
  };
}

export interface JournalParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: InformerMetrics;
}

/** How an informer is doing, as `status` shows it. */
export interface InformerState {
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly doing: 'idle' | 'listing' | 'watching' | 'failing';
  readonly watchRestarts: number;
  readonly lastError: string | undefined;
}

/** Keeps how the reflector of an informer is doing, and tells the log and the metrics: of a failure that goes on, only once. */
export class InformerJournal implements ReflectorObserver {
  readonly #parts: JournalParts;
  readonly #labels: { readonly resource: string };
  #state: InformerState;
  #watches = 0;

  constructor({ resource, namespace }: Pick<InformerOptions<unknown>, 'resource' | 'namespace'>, parts: JournalParts) {
    this.#parts = parts;
    const name = qualifiedName(resource);
    this.#labels = { resource: name };
    this.#state = { resource: name, namespace, doing: 'idle', watchRestarts: 0, lastError: undefined };
  }

  get state(): InformerState {
    return this.#state;
  }

  opened(what: 'list' | 'watch' | 'stand-in'): void {
    const { metrics, log } = this.#parts;
    if (this.#state.doing === 'failing') log.info('an informer can list and watch again', this.#labels);
    if (what === 'list') metrics.lists.add(this.#labels);
    else if (what === 'stand-in') metrics.standIns.add(this.#labels);
    else {
      if (this.#watches > 0) metrics.watches.add(this.#labels);
      this.#watches += 1;
    }
    const watchRestarts = Math.max(0, this.#watches - 1);
    this.#state = { ...this.#state, doing: what === 'list' ? 'listing' : 'watching', watchRestarts, lastError: undefined };
  }

  failed(error: unknown, inMs: number): void {
    const { metrics, log } = this.#parts;
    const lastError = error instanceof Error ? error.message : String(error);
    metrics.failures.add(this.#labels);
    const isKnown = this.#state.lastError === lastError;
    const fields = { ...this.#labels, retryInMs: Math.round(inMs), error };
    log[isKnown ? 'debug' : 'warn']('an informer cannot list or watch; what it knows stays as it is', fields);
    this.#state = { ...this.#state, doing: 'failing', lastError };
  }

  overdue(seconds: number): void {
    const { metrics, log } = this.#parts;
    metrics.syncTimeouts.add({});
    const { lastError } = this.#state;
    log.warn(`couldn't sync informer ${this.#labels.resource} in ${seconds}s`, lastError === undefined ? {} : { error: lastError });
  }
}
