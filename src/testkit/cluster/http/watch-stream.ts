import type { ServerResponse } from 'node:http';
import type { Json, KubeObject } from '../json.ts';
import { StatusError } from '../status.ts';
import type { Watch, WatchEvent } from '../api/watcher.ts';
import type { RequestFacts } from '../faults.ts';

/** A client that does not read is cut once so much waits for it. */
const BUFFER_BYTES_MAX = 64 * 1024 * 1024;

/** A bookmark is due so long before a watch ends at its timeout. */
const LAST_BOOKMARK_MS = 2_000;

/** How a watch stream is served. */
export interface StreamOptions {
  readonly facts: RequestFacts;
  /** Until the server ends it, in milliseconds. */
  readonly timeoutMs: number;
  /** Between bookmarks, in milliseconds. */
  readonly bookmarkMs: number;
  /** The wire form of an object. */
  readonly view: (object: KubeObject) => Json;
}

/** A watch on its way to a client: one JSON event a line. */
export class WatchStream {
  readonly facts: RequestFacts;
  readonly #response: ServerResponse;
  readonly #options: StreamOptions;
  readonly #timers: NodeJS.Timeout[] = [];
  #watch: Watch | undefined;
  #silent = false;

  constructor(response: ServerResponse, options: StreamOptions) {
    this.facts = options.facts;
    this.#response = response;
    this.#options = options;
  }

  /** Sends the headers and begins. `open` starts the watch with the sink that it is given. */
  start(open: (sink: (event: WatchEvent) => void) => Watch): void {
    const { bookmarkMs, timeoutMs } = this.#options;
    this.#response.once('close', () => this.#release());
    this.#response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' });
    this.#response.flushHeaders();
    this.#watch = open((event) => this.#write(event));
    if (this.#response.destroyed || this.#response.writableEnded) return this.#release();
    this.#timers.push(setInterval(() => this.bookmark(), bookmarkMs));
    this.#timers.push(setTimeout(() => this.end(), timeoutMs));
    if (timeoutMs > LAST_BOOKMARK_MS) this.#timers.push(setTimeout(() => this.bookmark(), timeoutMs - LAST_BOOKMARK_MS));
  }

  /** Sends a bookmark now, where the client asked for them. */
  bookmark(): void {
    this.#watch?.bookmark();
  }

  /** Tells the client that its version is gone, and ends. */
  expire(): void {
    this.#write({ type: 'ERROR', error: new StatusError({ code: 410, reason: 'Expired', message: 'too old resource version' }) });
  }

  /** Ends the stream cleanly, as a server does at the timeout. */
  end(): void {
    this.#release();
    if (!this.#silent) this.#response.end();
  }

  /** Resets the connection. */
  reset(): void {
    this.#release();
    this.#response.socket?.destroy();
  }

  /** From now on nothing is sent, though the connection stays. */
  silence(): void {
    this.#silent = true;
  }

  #write(event: WatchEvent): void {
    if (this.#silent || this.#response.writableEnded || this.#response.destroyed) return;
    const object = event.type === 'ERROR' ? event.error.toJson() : this.#options.view(event.object);
    this.#response.write(`${JSON.stringify({ type: event.type, object })}\n`);
    if (event.type === 'ERROR') this.end();
    else if (this.#response.writableLength > BUFFER_BYTES_MAX) this.reset();
  }

  #release(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    this.#watch?.close();
    this.#watch = undefined;
  }
}
