import type { Clock } from '../../../src/fx/index.ts';
import type { Telemetry } from '../../telemetry/index.ts';
import type { Answer, Handler, ServerRequest } from './handler.ts';
import { metricIn } from './request-info.ts';

/** Counts and times the requests that a handler answers: those of metrics by namespace, all of them as Kubernetes' servers do. */
export function measured(handler: Handler, telemetry: Telemetry, clock: Clock): (request: ServerRequest) => Promise<Answer> {
  const total = telemetry.counter({
    subsystem: 'apiserver',
    name: 'request_total',
    help: 'Requests to the external metrics API, by verb and status',
    labels: ['verb', 'code'],
  });
  const inFlight = telemetry.gauge({ subsystem: 'apiserver', name: 'current_inflight_requests', help: 'Requests that are being answered' });
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
  return async (request) => {
    const begun = clock.monotonic();
    inFlight.add({}, 1);
    const answer = await handler.handle(request);
    inFlight.add({}, -1);
    total.add({ verb: request.method, code: String(answer.status) });
    const metric = metricIn(request.path);
    if (metric !== undefined) {
      const outcome = { handler: 'get', in_error: String(answer.status >= 400) };
      reads.add({ namespace: metric.namespace, ...outcome }, 1);
      elapsed.observe(outcome, (clock.monotonic() - begun) / 1000);
    }
    return answer;
  };
}
