import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const runFile = promisify(execFile);
let built: string;

/** Compiled, as a user of the package runs them: Node itself strips types, but knows no decorators. */
beforeAll(async () => {
  built = await mkdtemp(join(root, 'node_modules', '.examples-'));
  await runFile('tsc', ['-p', root, '--outDir', built]);
}, 60_000);
afterAll(() => rm(built, { recursive: true }));

const program = (example: string): string => join(built, 'examples', example, 'main.js');

/** Starts an example that runs until it is told to stop, stops it once it has said something, and returns all that it said. */
async function runUntil(
  example: string,
  isReady: (said: string) => boolean,
): Promise<{ readonly said: string; readonly code: number | null }> {
  const child = spawn(process.execPath, [program(example)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  let isTold = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (!isTold && isReady(said)) isTold = child.kill('SIGTERM');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { said, code };
}

describe('examples', () => {
  it('minimal greets when it starts, and says good night on SIGTERM', async () => {
    const { said, code } = await runUntil('minimal', (text) => text.includes('Ada'));
    expect(said).toBe('Good morning, Ada.\nGood night.\n');
    expect(code).toBe(0);
  });

  it('modules-and-groups prints a page that every module has contributed to', async () => {
    const { stdout } = await runFile(process.execPath, [program('modules-and-groups')]);
    expect(stdout).toBe('inventory: 12 apples\nweather: sunny\nuptime: not measured\n');
  });

  it('classes builds decorated classes from the same graph', async () => {
    const { stdout } = await runFile(process.execPath, [program('classes')]);
    expect(stdout).toBe('179 cents\n');
  });

  it('testing-with-fakes also runs for real', async () => {
    const { said, code } = await runUntil('testing-with-fakes', (text) => text.includes('Watching.'));
    expect(said).toMatch(/^Watching\.\nIt was (not )?hot\.\n$/);
    expect(code).toBe(0);
  });

  it('each has a test here', async () => {
    const folders = (await readdir(join(root, 'examples'), { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(folders.toSorted()).toEqual(['classes', 'kubernetes', 'minimal', 'modules-and-groups', 'testing-with-fakes']);
  });
});
