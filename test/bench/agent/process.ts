import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Server } from './servers.ts';

export interface Running extends AsyncDisposable {
  readonly port: number;
  /** CPU time that the process has used, in microseconds. */
  cpuMicros(): Promise<number>;
  /** Asks it to stop. @returns its exit code and how long that took */
  terminate(): Promise<{ readonly code: number | null; readonly ms: number }>;
}

export async function serve(name: Server): Promise<Running> {
  const child = fork(fileURLToPath(import.meta.resolve('./server.ts')), [name]);
  const [{ port }] = (await once(child, 'message')) as [{ readonly port: number }];
  return {
    port,
    async cpuMicros() {
      child.send('cpu');
      const [{ cpuMicros }] = (await once(child, 'message')) as [{ readonly cpuMicros: number }];
      return cpuMicros;
    },
    async terminate() {
      const begun = performance.now();
      child.kill('SIGTERM');
      const [code] = (await once(child, 'exit')) as [number | null];
      return { code, ms: performance.now() - begun };
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
