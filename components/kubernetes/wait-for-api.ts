import type { Clock } from '../../src/fx/index.ts';
import type { Log } from '../log/index.ts';
import { hasReason, type KubernetesClient, UnreachableError } from './index.ts';
import { noServer } from './refusals.ts';

const firstDelayMs = 1000;
const longestDelayMs = 300_000;

export interface WaitParts {
  readonly client: Pick<KubernetesClient, 'raw'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Asks for the version until the API server has answered. Each failure is logged once, until it is another one. */
export async function waitForApi({ client, clock, log }: WaitParts, signal: AbortSignal): Promise<void> {
  let last: string | undefined;
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(longestDelayMs, delayMs * 2)) {
    signal.throwIfAborted();
    try {
      if (isVersion(await client.raw('/version', { signal, retriesMax: 0 }))) break;
      throw new UnreachableError(`GET /version: ${noServer}`, { code: 'bad-answer' });
    } catch (error) {
      signal.throwIfAborted();
      // It knows us, and does not tell everybody its version.
      if (hasReason(error, 'Forbidden')) break;
      const message = error instanceof Error ? error.message : String(error);
      if (message !== last)
        log.warn('cannot reach the Kubernetes API server yet; trying again, ever more rarely, up to every 5 minutes', { error });
      last = message;
    }
    await clock.sleep(delayMs, signal);
  }
  if (last !== undefined) log.info('reached the Kubernetes API server');
}

/** As every API server has answered from the first on. */
function isVersion(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'major' in answer;
}
