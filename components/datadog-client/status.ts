import type { StatusProvider } from '../status/index.ts';
import type { BatchedClient } from './client.ts';
import type { Endpoint } from './endpoint.ts';

const statuses = { unknown: 'Unknown', ok: 'OK', failed: 'Failed' };

function date(ms: number | undefined): string {
  return ms === undefined ? 'Never' : new Date(ms).toISOString();
}

function row(endpoint: Endpoint): Record<string, string | boolean> {
  return {
    url: endpoint.url,
    lastQuerySucceeded: endpoint.status !== 'failed',
    lastFailure: date(endpoint.lastFailure),
    ...(endpoint.lastError === undefined ? {} : { lastError: endpoint.lastError }),
    lastSuccess: date(endpoint.lastSuccess),
    status: statuses[endpoint.status],
    retryInterval: `${endpoint.retryIntervalMs / 1000}s`,
  };
}

/** The section "External Metrics Endpoints". */
export function statusOf(client: BatchedClient): StatusProvider {
  return {
    name: 'External Metrics Endpoints',
    section: 'External Metrics Endpoints',
    json: () => {
      const [only, ...others] = client.endpoints.map(row);
      if (others.length === 0) return { externalmetrics: { client: only } };
      return {
        externalmetrics: { lastUsedClient: client.endpoints.findIndex((each) => each === client.lastUsed), clients: [only, ...others] },
      };
    },
    text: () =>
      client.endpoints
        .map((endpoint) => {
          const { url, status, lastSuccess, lastFailure, lastError } = row(endpoint);
          const head = `  ${String(url)}\n    Status: ${String(status)}\n    Last success: ${String(lastSuccess)}\n`;
          return `${head}    Last failure: ${String(lastFailure)}\n${lastError === undefined ? '' : `    Last error: ${String(lastError)}\n`}`;
        })
        .join(''),
  };
}
