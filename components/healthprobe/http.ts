import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Clock, component, Jobs, Lifecycle, many } from '../../src/fx/index.ts';
import { Route } from '../api-server/index.ts';
import { Config } from '../config/index.ts';
import { Log } from '../log/index.ts';
import { HealthCatalog, pingEveryMs } from './catalog.ts';
import { Healthprobe, type HealthKind, type HealthStatus } from './index.ts';
import { healthprobeSettings } from './settings.ts';

/** For reading a request and for writing the answer; kubelets ask with an empty body. */
const requestTimeoutMs = 1000;

/** Every other path asks for liveness too. */
const kinds: Readonly<Record<string, HealthKind>> = { '/ready': 'readiness', '/startup': 'startup' };

/** The health of the agent over HTTP, for the kubelet, and at `/status/health` of the API, for `agent health`. */
export const httpHealthprobe = component({
  provides: { healthprobe: Healthprobe, route: many(Route) },
  requires: { config: Config, log: Log, clock: Clock, jobs: Jobs, lifecycle: Lifecycle },
  create({ config, log, clock, jobs, lifecycle }) {
    const catalog = new HealthCatalog(() => clock.monotonic());
    const port = config.get(healthprobeSettings.port);
    lifecycle.append({ name: 'begin', start: () => catalog.begin() });
    jobs.timer({ name: 'ping', everyMs: pingEveryMs, run: () => catalog.ping() });
    if (port > 0) {
      const server = new ProbeServer({ port, catalog, log, dumps: config.get(healthprobeSettings.dumpWhenUnhealthy) });
      lifecycle.append({ name: 'listen', start: () => server.open(), stop: () => server.close() });
    }
    return {
      healthprobe: {
        register: (kind: HealthKind, name: string) => catalog.register(kind, name),
        status: (kind: HealthKind) => catalog.status(kind),
      },
      route: statusRoute(catalog),
    };
  },
});

/** Always 200: the command decides by what stands in it. */
function statusRoute(catalog: HealthCatalog): Route {
  return {
    method: 'GET',
    path: '/status/health',
    access: 'session',
    handle: () => ({ headers: { 'content-type': 'application/json' }, body: bodyOf(catalog.status('readiness')) }),
  };
}

/** Go's empty slice is null on the wire. */
function bodyOf({ healthy, unhealthy }: HealthStatus): string {
  return JSON.stringify({ Healthy: orNull(healthy), Unhealthy: orNull(unhealthy) });
}

function orNull(names: readonly string[]): readonly string[] | null {
  return names.length === 0 ? null : names;
}

interface Parts {
  readonly port: number;
  readonly catalog: HealthCatalog;
  readonly log: Log;
  /** Whether a diagnostic report is logged when a check begins to fail. */
  readonly dumps: boolean;
}

class ProbeServer {
  readonly #parts: Parts;
  #server: Server | undefined;
  /** Questions whose last answer was bad. */
  readonly #failing = new Set<HealthKind>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async open(): Promise<void> {
    const { port } = this.#parts;
    const server = createServer({
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: requestTimeoutMs,
      connectionsCheckingInterval: requestTimeoutMs / 2,
    });
    server.timeout = requestTimeoutMs;
    server.on('request', ({ url = '/' }, response) => {
      const kind = kinds[url.split('?', 1)[0] ?? ''] ?? 'liveness';
      const status = this.#parts.catalog.status(kind);
      this.#note(kind, status);
      response.writeHead(status.unhealthy.length === 0 ? 200 : 500).end(bodyOf(status));
    });
    try {
      await once(server.listen(port), 'listening');
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`cannot listen on port ${port} for health probes: ${reason}; free it, or set health_port (DD_HEALTH_PORT)`, {
        cause,
      });
    }
    this.#server = server;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = once(server.close(), 'close');
    server.closeAllConnections();
    await closed;
  }

  /** Probes come every few seconds, so a failure is told of when it begins and when it is over. */
  #note(kind: HealthKind, { unhealthy }: HealthStatus): void {
    const { log, dumps } = this.#parts;
    if (unhealthy.length === 0) {
      if (this.#failing.delete(kind)) log.info(`${kind} is good again`);
      return;
    }
    if (this.#failing.has(kind)) return;
    this.#failing.add(kind);
    log.warn(`Healthcheck failed on: [${unhealthy.join(' ')}]`, { check: kind });
    if (dumps) log.warn(`diagnostic report: ${JSON.stringify(reportWithoutSecrets())}`);
  }
}

/** What the process is doing, as far as Node can tell; neither the environment nor the command line. */
function reportWithoutSecrets(): object {
  const { javascriptStack, javascriptHeap, libuv, resourceUsage } = process.report.getReport() as unknown as Readonly<
    Record<string, unknown>
  >;
  return { javascriptStack, javascriptHeap, libuv, resourceUsage };
}
