import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(import.meta.resolve('../../src/main.ts'));

export interface Agent extends AsyncDisposable {
  /** Everything that it has written so far, to both streams. */
  readonly output: string;
  readonly errors: string;
  readonly pid: number;
  /** Resolves with its exit code. */
  readonly gone: Promise<number | null>;
  /** Waits until `holds`. @throws Error with its output when it never does, or the agent has gone */
  until(holds: () => boolean | Promise<boolean>): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

/** Runs the binary with nothing but this environment. @param under a command that runs it */
export function spawnAgent(args: readonly string[], env: Readonly<Record<string, string>> = {}, under: readonly string[] = []): Agent {
  const [command = process.execPath, ...rest] = [...under, process.execPath, main, ...args];
  const child = spawn(command, rest, { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const written = { output: '', errors: '' };
  const keep = (text: string): void => void (written.output += text);
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    keep(text);
    written.errors += text;
  });
  const gone = once(child, 'close').then(([code]) => code as number | null);
  return {
    get output() {
      return written.output;
    },
    get errors() {
      return written.errors;
    },
    pid: child.pid ?? 0,
    gone,
    async until(holds) {
      const deadline = Date.now() + 60_000;
      while (!(await holds())) {
        if (child.exitCode !== null || Date.now() > deadline) throw new Error(`it never came to that; the agent said:\n${written.output}`);
        await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 25))]);
      }
    },
    signal: (name) => void child.kill(name),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Ports that nobody listens on, at this moment. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await once(server.listen(0), 'listening');
    const address = server.address();
    if (typeof address === 'object' && address !== null) ports.push(address.port);
  }
  for (const server of servers) await once(server.close(), 'close');
  return ports;
}

/** The status of a probe; 0 where nobody listens. */
export function probe(port: number, path: string): Promise<number> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    }).on('error', () => resolve(0));
  });
}
