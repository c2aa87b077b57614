import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from './agent/process.ts';
import { surroundings } from './agent/support.ts';

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

  it('custom-agent is the agent with a component of its own, and one in the place of another', { timeout: 120_000 }, async () => {
    await using around = await surroundings();
    const [api = 0] = await freePorts(1);
    const inventory = join(around.folder, 'inventory');
    await writeFile(inventory, 'rack-7\n');
    around.cluster.objects.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' } });
    const env = { ...around.env, PATH: process.env['PATH'], DD_CLUSTER_AGENT_CMD_PORT: String(api), INVENTORY_FILE: inventory };
    const child = spawn(process.execPath, [program('custom-agent'), around.folder], { env, stdio: 'inherit' });
    const gone = once(child, 'exit');
    try {
      const command = async (...args: readonly string[]): Promise<string> => {
        const call = [join(root, 'src', 'main.ts'), ...args, '-c', around.folder];
        return (await runFile(process.execPath, call, { env }).catch(() => ({ stdout: '' }))).stdout;
      };
      await expect.poll(() => command('status'), { timeout: 90_000 }).toMatch(/1 nodes: node-a/);
      const { plan } = JSON.parse(await command('startup', '--json')) as { plan: { order: { component: string; place: string }[] } };
      expect(plan.order.find(({ component }) => component === 'hostname')?.place).toContain('custom-agent/main');
    } finally {
      child.kill('SIGTERM');
    }
    expect(await gone).toEqual([0, null]);
  });

  it('each has a test here', async () => {
    const folders = (await readdir(join(root, 'examples'), { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(folders.toSorted()).toEqual(['classes', 'custom-agent', 'kubernetes', 'minimal', 'modules-and-groups', 'testing-with-fakes']);
  });
});
