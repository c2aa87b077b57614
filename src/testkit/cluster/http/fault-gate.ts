import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { type Fault, type FaultListener, type Faults, type RequestFacts, hits } from '../faults.ts';
import { StatusError, expired } from '../status.ts';
import type { Exchange } from './exchange.ts';
import { garble } from './garbled.ts';
import type { WatchStream } from './watch-stream.ts';

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

interface Waiting {
  readonly facts: RequestFacts;
  readonly socket: Socket;
  readonly fault: Fault;
  readonly resume: () => void;
}

/** Makes requests and running watches suffer the faults that are in force. */
export class FaultGate implements FaultListener {
  readonly #streams = new Set<WatchStream>();
  readonly #waiting = new Set<Waiting>();
  readonly #silenced = new Map<WatchStream, Fault>();
  readonly #sockets = new Map<Socket, string>();
  readonly #stopped = new AbortController();

  /** Knows that `socket` carries requests of `user`. */
  connected(socket: Socket, user: string): void {
    if (!this.#sockets.has(socket)) socket.once('close', () => this.#sockets.delete(socket));
    this.#sockets.set(socket, user);
  }

  /** Knows that a watch runs, until its connection closes. */
  watching(stream: WatchStream, response: ServerResponse): void {
    this.#streams.add(stream);
    response.once('close', () => {
      this.#streams.delete(stream);
      this.#silenced.delete(stream);
    });
  }

  /** Sends a bookmark to every watch that asked for them. */
  sendBookmarks(): void {
    for (const stream of this.#streams) stream.bookmark();
  }

  /** Every watch that runs. */
  streams(): readonly WatchStream[] {
    return [...this.#streams];
  }

  /** Lets what waits end: no request is answered after this. */
  stop(): void {
    this.#stopped.abort();
    for (const waiting of this.#waiting) waiting.socket.destroy();
    this.#waiting.clear();
  }

  added(fault: Fault): void {
    if (fault.kind === 'partition') this.#cut(fault);
    for (const stream of this.#streams) if (hits(fault, stream.facts)) this.#affect(stream, fault);
  }

  removed(fault: Fault): void {
    for (const waiting of this.#waiting) {
      if (waiting.fault !== fault) continue;
      this.#waiting.delete(waiting);
      if (fault.kind === 'hang') waiting.resume();
      else waiting.socket.destroy();
    }
    for (const [stream, by] of this.#silenced) if (by === fault) stream.reset();
  }

  /**
   * Lets a request through, late or not at all: false when it must not be answered.
   * Throws what the client is to be told.
   */
  async pass(faults: Faults, facts: RequestFacts, exchange: Pick<Exchange, 'request' | 'response'>): Promise<boolean> {
    for (const fault of faults.hit(facts)) {
      const passed = await this.#suffer(fault, facts, exchange);
      if (!passed) return false;
    }
    return !this.#stopped.signal.aborted;
  }

  async #suffer(fault: Fault, facts: RequestFacts, { request, response }: Pick<Exchange, 'request' | 'response'>): Promise<boolean> {
    switch (fault.kind) {
      case 'latency':
        // A stop in the middle rejects the delay; then there is nobody left to answer.
        await delay(fault.milliseconds, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
        return true;
      case 'hang':
      case 'half-open':
        return this.#wait({ fault, facts, socket: request.socket });
      case 'refuse':
        throw refusal(fault);
      case 'garble':
        await garble(response, fault);
        return false;
      case 'expired':
        return passUnlessContinued(facts, request);
      case 'partition':
        return cut(request);
      case 'cut-watches':
        return facts.verb === 'watch' && fault.how === 'reset' ? cut(request) : true;
      case 'clock-skew':
        return true;
    }
    return fault satisfies never;
  }

  /** What a new watch suffers besides what every request does: called once it runs. */
  begun(stream: WatchStream, faults: Faults): void {
    for (const fault of ['expired', 'cut-watches'] as const) {
      const hit = faults.active().find((active) => active.kind === fault && hits(active, stream.facts));
      if (hit !== undefined) this.#affect(stream, hit);
    }
  }

  #wait(request: { fault: Fault; facts: RequestFacts; socket: Socket }): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting: Waiting = { ...request, resume: () => resolve(true) };
      this.#waiting.add(waiting);
      request.socket.once('close', () => {
        this.#waiting.delete(waiting);
        resolve(false);
      });
    });
  }

  #affect(stream: WatchStream, fault: Fault): void {
    if (fault.kind === 'expired') stream.expire();
    if (fault.kind === 'cut-watches' && fault.how === 'end') stream.end();
    if (fault.kind === 'cut-watches' && fault.how === 'reset') stream.reset();
    if (fault.kind === 'half-open') {
      stream.silence();
      this.#silenced.set(stream, fault);
    }
  }

  /** A partition by user cuts that user's connections; one by request cuts those that carry such a watch. */
  #cut(fault: Fault): void {
    for (const [socket, user] of this.#sockets) {
      if (fault.when === undefined && (fault.user === undefined || fault.user === user)) socket.destroy();
    }
    for (const stream of this.#streams) if (hits(fault, stream.facts)) stream.reset();
  }
}

function refusal(fault: Fault & { kind: 'refuse' }): StatusError {
  const { code, retryAfterSeconds } = fault;
  const reason = REASONS[code] ?? 'InternalError';
  const message = fault.message ?? `injected fault: ${code} ${reason}`;
  return new StatusError({ code, reason, message, ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }) });
}

function cut({ socket }: IncomingMessage): false {
  socket.destroy();
  return false;
}

function passUnlessContinued({ verb }: RequestFacts, { url = '' }: IncomingMessage): true {
  if (verb === 'list' && url.includes('continue=')) throw expired('The provided continue parameter is too old.');
  return true;
}
