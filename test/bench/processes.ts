import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  /** From before the process was made until it was gone. */
  readonly wallMs: number;
}

const run = promisify(execFile);

/** Runs a Node process of its own, with an environment in which nothing changes how it behaves. */
export async function node(args: readonly string[]): Promise<Finished> {
  const begun = performance.now();
  const { stdout, stderr } = await run(process.execPath, args, { env: { PATH: process.env['PATH'] }, timeout: 120_000 });
  return { stdout, stderr, wallMs: performance.now() - begun };
}
