import type { Clock } from '../../src/fx/index.ts';

/**
 * Settles as the call does, or rejects after `ms` or with the signal's reason, whichever is first: also when the call
 * itself never settles. What it answers later is not heard.
 */
export function within<T>(
  { clock, ms, signal }: { readonly clock: Clock; readonly ms: number; readonly signal: AbortSignal },
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    const giveUp = (reason: Error): void => {
      end();
      controller.abort(reason);
      reject(reason);
    };
    const stopped = (): void => giveUp(signal.reason as Error);
    const cancel = clock.after(ms, () => giveUp(new Error(`no answer within ${ms} ms`)));
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', stopped);
    };
    if (signal.aborted) return stopped();
    signal.addEventListener('abort', stopped, { once: true });
    call(controller.signal).finally(end).then(resolve, reject);
  });
}
