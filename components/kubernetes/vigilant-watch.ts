import type { Clock } from '../../src/fx/index.ts';
import { LineSplitter } from './json-lines.ts';
import type { TransportResponse } from './transport.ts';

/** A silent watch is doubted after this time; sooner than the bookmarks of the API server, which come once a minute. */
const doubtAfterMs = 30_000;
/** A watch that was silent for so long gets no bookmarks: it is dead, or its API server sends none. */
const mournAfterMs = 120_000;
/** So long the API server may take to begin an answer. */
const openWithinMs = 15_000;

export interface WatchParts {
  readonly clock: Clock;
  /** Opens the watch, from the last version that was seen. @throws what the API server refuses it with */
  readonly open: (signal: AbortSignal, isStandIn: boolean) => Promise<TransportResponse>;
  /** Takes one line; throws to end the watch. */
  readonly receive: (line: string) => void;
}

interface Connection {
  readonly controller: AbortController;
  readonly lines: LineSplitter;
}

/**
 * One watch that does not trust a silent connection. Something between us and the API server may have forgotten it without a word, and
 * nobody would notice until the watch times out, minutes later. Ending every silent watch would lose its bookmarks, without which the
 * version of a quiet collection grows too old to resume from. So when a watch is silent, a second one is opened beside it, from the
 * same version: the first of the two that speaks goes on, the other is closed. Nothing is missed by it, and nothing seen twice. While
 * both are silent the second is replaced by a fresh one time and again, because it may have been forgotten just as well.
 */
export class VigilantWatch {
  readonly #parts: WatchParts;
  readonly #ended = Promise.withResolvers<void>();
  readonly #reading = new Set<Promise<void>>();
  #speaker: Connection | undefined;
  #standIn: Connection | undefined;
  #heardAt = 0;
  #cancelTimer = (): void => {};

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** Resolves when the API server ends the watch. @throws what went wrong, or the signal's reason */
  async run(signal: AbortSignal): Promise<void> {
    const abort = (): void => this.#ended.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    this.#speaker = this.#connect(false);
    this.#heardAt = this.#parts.clock.monotonic();
    this.#listenFor(doubtAfterMs);
    try {
      await this.#ended.promise;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#cancelTimer();
      this.#close(this.#speaker);
      this.#close(this.#standIn);
      await Promise.all(this.#reading);
    }
  }

  #connect(isStandIn: boolean): Connection {
    const connection = { controller: new AbortController(), lines: new LineSplitter() };
    const reading = this.#read(connection, isStandIn).finally(() => this.#reading.delete(reading));
    this.#reading.add(reading);
    return connection;
  }

  async #read(connection: Connection, isStandIn: boolean): Promise<void> {
    const { clock, open } = this.#parts;
    const { controller, lines } = connection;
    const cancel = clock.after(openWithinMs, () =>
      controller.abort(new Error(`the API server did not begin to answer a watch within ${openWithinMs} ms`)),
    );
    try {
      const response = await open(controller.signal, isStandIn).finally(cancel);
      for await (const chunk of response.chunks()) {
        for (const line of lines.push(chunk)) {
          if (!this.#hear(connection)) return;
          this.#parts.receive(line);
        }
      }
      this.#lost(connection);
    } catch (error) {
      this.#lost(connection, error);
    }
  }

  /** @returns whether what this connection says still counts */
  #hear(connection: Connection): boolean {
    if (connection === this.#standIn) {
      this.#close(this.#speaker);
      this.#speaker = connection;
      this.#standIn = undefined;
    } else if (connection !== this.#speaker) return false;
    if (this.#standIn !== undefined) {
      this.#close(this.#standIn);
      this.#standIn = undefined;
    }
    this.#heardAt = this.#parts.clock.monotonic();
    return true;
  }

  /** A connection is over: ended by the API server, as every watch is in time, or by an error. */
  #lost(connection: Connection, error?: unknown): void {
    if (connection === this.#speaker && this.#standIn !== undefined) {
      this.#speaker = this.#standIn;
      this.#standIn = undefined;
    } else if (connection === this.#standIn && error === undefined) this.#standIn = undefined;
    else if (error !== undefined && this.#isOurs(connection)) this.#ended.reject(error);
    else if (connection === this.#speaker) this.#ended.resolve();
  }

  #isOurs(connection: Connection): boolean {
    return connection === this.#speaker || connection === this.#standIn;
  }

  #listenFor(ms: number): void {
    this.#cancelTimer = this.#parts.clock.after(ms, () => {
      const silentMs = this.#parts.clock.monotonic() - this.#heardAt;
      if (silentMs >= doubtAfterMs) this.#doubt(silentMs);
      this.#listenFor(silentMs >= doubtAfterMs ? doubtAfterMs : doubtAfterMs - silentMs);
    });
  }

  #doubt(silentMs: number): void {
    const [speaker, standIn] = [this.#speaker, this.#standIn];
    if (standIn !== undefined && silentMs >= mournAfterMs) {
      this.#speaker = standIn;
      this.#standIn = undefined;
      this.#heardAt = this.#parts.clock.monotonic();
      this.#close(speaker);
    } else {
      this.#standIn = this.#connect(true);
      this.#close(standIn);
    }
  }

  #close(connection: Connection | undefined): void {
    connection?.controller.abort(new Error('another connection has taken over this watch, or it is over'));
  }
}
