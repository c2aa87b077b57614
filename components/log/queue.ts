import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/fx/index.ts';
import type { LogLine, LogSink } from './index.ts';

export const linesMax = 10_000;
/** Characters, about as many bytes. */
export const sizeMax = 8 * 1024 * 1024;
/** What a sink is given at once. */
const batchLinesMax = 500;
const firstRetryMs = 1000;
const longestRetryMs = 30_000;

interface Listener {
  /** It has begun to fail; told once, until it works again. */
  failed(error: unknown): void;
  recovered(): void;
  /** Lines were dropped for want of room, or because the sink was not done by the end. */
  lost(count: number): void;
  /** The line that says so, once there is room again. */
  lostLine(count: number): LogLine;
}

/** The lines that wait for one sink. What does not fit is dropped and counted, never waited for. */
export class SinkQueue {
  readonly sink: LogSink;
  readonly #clock: Clock;
  readonly #listener: Listener;
  #waiting: LogLine[] = [];
  #size = 0;
  #lostSinceLastLine = 0;
  #failures = 0;
  #isOpen = false;
  #pumping: Promise<void> | undefined;
  #closing = new AbortController();
  /** Lines taken in and lines done with, ever: what {@link drain} compares. */
  #taken = 0;
  #done = 0;
  #drains: { readonly until: number; readonly resolve: () => void }[] = [];

  constructor(sink: LogSink, clock: Clock, listener: Listener) {
    this.sink = sink;
    this.#clock = clock;
    this.#listener = listener;
  }

  get isFailing(): boolean {
    return this.#failures > 0;
  }

  push(line: LogLine): void {
    if (this.#waiting.length >= linesMax || this.#size + line.text.length > sizeMax) {
      this.lose();
      return;
    }
    this.#accept(line);
    this.#pump();
  }

  /** A line did not come this far. */
  lose(): void {
    this.#lostSinceLastLine += 1;
    this.#listener.lost(1);
  }

  open(): void {
    this.#isOpen = true;
    this.#closing = new AbortController();
    this.#pump();
  }

  /** Ends the work; what still waits is kept for the next {@link open}. @returns how many lines that are */
  close(): number {
    this.#isOpen = false;
    this.#closing.abort(new Error('the log is closed'));
    return this.#waiting.length;
  }

  /** Resolves when everything that was pushed so far is written, or the sink fails. */
  drain(): Promise<void> {
    if (this.#done >= this.#taken || this.isFailing || !this.#isOpen) return Promise.resolve();
    return new Promise((resolve) => void this.#drains.push({ until: this.#taken, resolve }));
  }

  #accept(line: LogLine): void {
    this.#waiting.push(line);
    this.#size += line.text.length;
    this.#taken += 1;
  }

  #pump(): void {
    if (!this.#isOpen || this.#pumping !== undefined || this.#waiting.length === 0) return;
    this.#pumping = this.#writeAll().finally(() => {
      this.#pumping = undefined;
      this.#pump();
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#isOpen && this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, batchLinesMax);
      try {
        await this.sink.write(batch);
      } catch (error) {
        await this.#retryLater(error);
        continue;
      }
      this.#written(batch);
      // A file takes everything at once: others must have their turn.
      if (this.#waiting.length > 0) await turn();
    }
  }

  #written(batch: readonly LogLine[]): void {
    this.#waiting.splice(0, batch.length);
    for (const { text } of batch) this.#size -= text.length;
    this.#done += batch.length;
    if (this.isFailing) {
      this.#failures = 0;
      this.#listener.recovered();
    }
    if (this.#lostSinceLastLine > 0) {
      this.#accept(this.#listener.lostLine(this.#lostSinceLastLine));
      this.#lostSinceLastLine = 0;
    }
    this.#resolveDrains();
  }

  async #retryLater(reason: unknown): Promise<void> {
    this.#failures += 1;
    if (this.#failures === 1) this.#listener.failed(reason);
    this.#resolveDrains();
    const delayMs = Math.min(longestRetryMs, firstRetryMs * 2 ** (this.#failures - 1));
    await this.#clock.sleep(delayMs, this.#closing.signal).catch(() => {});
  }

  #resolveDrains(): void {
    const isOver = ({ until }: { readonly until: number }): boolean => this.isFailing || this.#done >= until;
    for (const { resolve } of this.#drains.filter(isOver)) resolve();
    this.#drains = this.#drains.filter((each) => !isOver(each));
  }
}
