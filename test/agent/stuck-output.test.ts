import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { freePorts, probe } from './process.ts';
import { surroundings } from './support.ts';

const main = fileURLToPath(import.meta.resolve('../../src/main.ts'));

/** The writing end of a pipe that is full, and that nobody reads. */
function fullPipe(path: string): number {
  execFileSync('mkfifo', [path]);
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(pipe, '.'.repeat(4096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    return pipe;
  }
}

it('stops with its own code though nobody reads what it writes, and says what is lost', async () => {
  await using around = await surroundings();
  const [port = 0] = await freePorts(1);
  const pipe = fullPipe(join(around.folder, 'pipe'));
  const env = { ...around.env, PATH: process.env['PATH'], DD_LOG_TO_CONSOLE: 'true', DD_HEALTH_PORT: String(port) };
  const child = spawn(process.execPath, [main, 'start', '--cfgpath', around.folder], { env, stdio: ['ignore', pipe, 'pipe'] });
  try {
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const gone = once(child, 'close');
    while ((await probe(port, '/ready')) !== 200) await new Promise((resolve) => setTimeout(resolve, 25));
    child.kill('SIGTERM');
    expect(await gone).toEqual([0, null]);
    expect(errors).toMatch(/^\d+ log lines could not be written to console$/m);
    expect(errors).toContain('nobody takes the output');
  } finally {
    child.kill('SIGKILL');
    closeSync(pipe);
  }
});
