import { METHODS } from 'node:http';
import type { Clock } from '../../../src/fx/index.ts';
import type { Telemetry } from '../../telemetry/index.ts';
import type { ExternalMetricsProvider } from '../index.ts';
import type { Answer, ServerRequest } from './messages.ts';

type Handle = (request: ServerRequest) => Promise<Answer>;

const methods = new Set(METHODS);

/** Counts the requests that are answered, as Kubernetes' servers do. */
export function measured(handle: Handle, telemetry: Telemetry): Handle {
  const total = telemetry.counter({
    subsystem: 'apiserver',
    name: 'request_total',
    help: 'Requests to the external metrics API, by verb and status',
    labels: ['verb', 'code'],
  });
  const inFlight = telemetry.gauge({ subsystem: 'apiserver', name: 'current_inflight_requests', help: 'Requests that are being answered' });
  return async (request) => {
    inFlight.add({}, 1);
    const answer = await handle(request);
    inFlight.add({}, -1);
    // With HTTP/2 a method is whatever the client writes, and each value of a label is kept for ever.
    total.add({ verb: methods.has(request.method) ? request.method : 'other', code: String(answer.status) });
    return answer;
  };
}

/** Counts and times the reads of metrics. Who may not read is not counted: their namespaces are whatever anybody writes. */
export function measuredReads(provider: ExternalMetricsProvider, telemetry: Telemetry, clock: Clock): ExternalMetricsProvider {
  const reads = telemetry.gauge({
    subsystem: 'external_metrics',
    name: 'api_requests',
    help: 'Reads of external metrics',
    labels: ['namespace', 'handler', 'in_error'],
  });
  const elapsed = telemetry.histogram({
    subsystem: 'external_metrics',
    name: 'api_elapsed',
    help: 'Seconds that a read of an external metric took',
    labels: ['handler', 'in_error'],
  });
  return {
    read: async (request) => {
      const begun = clock.monotonic();
      let isInError = true;
      try {
        const values = await provider.read(request);
        isInError = false;
        return values;
      } finally {
        const outcome = { handler: 'get', in_error: String(isInError) };
        reads.add({ namespace: request.namespace, ...outcome }, 1);
        elapsed.observe(outcome, (clock.monotonic() - begun) / 1000);
      }
    },
  };
}
