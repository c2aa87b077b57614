import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { Clock, component, Lifecycle } from '../../src/fx/index.ts';
import { apiServerSettings, RouteError, type RouteRequest, type RouteResponse } from '../api-server/index.ts';
import { Config } from '../config/index.ts';
import { LeaderElection } from '../leader-election/index.ts';
import { Log } from '../log/index.ts';
import { requestHeaders, responseHeaders } from './headers.ts';
import { LeaderForwarder, leaderForwarderSettings } from './index.ts';

/** Milliseconds that each step may take. */
const limits = { connect: 1000, handshake: 5000, response: 5000 };
const idleMs = 120_000;

/** Forwards over HTTPS connections that are kept. The leader makes its certificate anew at each start, so nobody could check it. */
export const httpsLeaderForwarder = component({
  provides: LeaderForwarder,
  requires: { config: Config, election: LeaderElection, log: Log, clock: Clock, lifecycle: Lifecycle },
  create({ config, election, log, clock, lifecycle }) {
    const maxSockets = config.get(leaderForwarderSettings.connectionsMax);
    const agent = new Agent({ keepAlive: true, maxSockets, timeout: idleMs, rejectUnauthorized: false });
    lifecycle.append({ name: 'close connections', stop: () => agent.destroy() });
    return new HttpsLeaderForwarder({ agent, election, log, clock, port: config.get(apiServerSettings.cmdPort) });
  },
});

interface Parts {
  readonly agent: Agent;
  readonly election: LeaderElection;
  readonly log: Log;
  readonly clock: Clock;
  /** Where every replica listens. */
  readonly port: number;
}

const marker = 'x-dca-follower-forwarded';
const forwarded = { 'X-DCA-Forwarded': 'true' };

class HttpsLeaderForwarder implements LeaderForwarder {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async forward(request: RouteRequest): Promise<RouteResponse> {
    if (request.headers[marker] !== undefined) return refused(508, `Query was already forwarded from: ${request.remoteAddress}`);
    const host = await this.#leader(request.signal);
    if (host === undefined) return refused(503, 'leader proxy is not available');
    try {
      const response = await this.#ask(host, request);
      return { status: response.statusCode ?? 502, headers: { ...responseHeaders(response.headers), ...forwarded }, body: response };
    } catch (error) {
      this.#parts.log.warn('a request could not be forwarded to the leader', { leader: host, path: request.url, error });
      return { status: 502, headers: forwarded };
    }
  }

  async #leader(signal: AbortSignal): Promise<string | undefined> {
    try {
      return await this.#parts.election.leaderAddress(signal);
    } catch (error) {
      this.#parts.log.warn('the address of the leader cannot be found out', { error });
      throw new RouteError(503, 'failed to retrieve leader ip');
    }
  }

  /** The leader may close a kept connection in the moment in which we use it; then a request without a body is sent once more. */
  async #ask(host: string, request: RouteRequest): Promise<IncomingMessage> {
    const first = this.#open(host, request);
    try {
      return await this.#response(first, request);
    } catch (error) {
      if (!first.reusedSocket || request.method !== 'GET' || request.signal.aborted) throw error;
      return await this.#response(this.#open(host, request), request);
    }
  }

  #open(host: string, request: RouteRequest): ClientRequest {
    return httpsRequest({
      host,
      method: request.method,
      path: request.url,
      port: this.#parts.port,
      agent: this.#parts.agent,
      // Not from the Host header, or each name of ours would have connections of its own.
      servername: '',
      headers: { ...requestHeaders(request), [marker]: 'true' },
      signal: request.signal,
    });
  }

  #response(outgoing: ClientRequest, request: RouteRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const stopTimer = this.#limitSteps(outgoing);
      outgoing.once('response', resolve).on('error', reject).once('response', stopTimer).once('close', stopTimer);
      if (request.method === 'GET') outgoing.end();
      else request.stream.pipe(outgoing);
    });
  }

  /** Gives up on a leader that takes too long to connect, to shake hands or to begin its answer. @returns what ends the watch */
  #limitSteps(outgoing: ClientRequest): () => void {
    let cancel: (() => void) | undefined;
    let isOver = false;
    const stop = (): void => {
      isOver = true;
      cancel?.();
    };
    const allow = (step: keyof typeof limits): void => {
      cancel?.();
      if (isOver) return;
      const giveUp = (): void => void outgoing.destroy(new Error(`no ${step} within ${limits[step]} ms`));
      cancel = this.#parts.clock.after(limits[step], giveUp);
    };
    outgoing.once('socket', (socket) => {
      if (!outgoing.reusedSocket) {
        allow('connect');
        socket.once('connect', () => allow('handshake')).once('secureConnect', () => cancel?.());
      }
      outgoing.once('finish', () => allow('response'));
    });
    return stop;
  }
}

function refused(status: number, message: string): RouteResponse {
  return { status, headers: { ...forwarded, 'X-Content-Type-Options': 'nosniff' }, body: `${message}\n` };
}
