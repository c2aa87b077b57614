import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SourceLines } from '../src/source-lines.ts';

const run = promisify(execFile);
const root = fileURLToPath(import.meta.resolve('..'));

describe('the bundled agent', () => {
  let dist: string;
  beforeAll(async () => {
    dist = await mkdtemp(join(tmpdir(), 'bundle-test-'));
    await run(process.execPath, [join(root, 'src/build.ts'), dist]);
  }, 120_000);
  afterAll(() => rm(dist, { recursive: true, force: true }));

  interface Result {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }
  const agent = (...args: readonly string[]): Promise<Result> =>
    run(process.execPath, [join(dist, 'launch.cjs'), ...args, '--cfgpath', dist], { env: { TMPDIR: join(dist, 'tmp') } }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: Result) => error,
    );
  const cacheOf = (command: string): string => join(dist, 'code-cache', process.version, command);
  /** What a command compiled that is worth keeping, without the hashes of the names. */
  const kept = async (command: string): Promise<string[]> =>
    (await readdir(cacheOf(command)).catch(() => [])).map((name) => name.replace(/-[^-]*$/, '')).toSorted();

  it('says its version and its commands without what the agent is made of', async () => {
    expect(await agent('version')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Cluster Agent \d/) as string, stderr: '' });
    expect(await agent('start', '--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('--sandbox') as string });
    expect(await agent('sart')).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no command "sart"') as string });
    expect(await kept('version')).toEqual([]);
    expect(await kept('sart')).toEqual([]);
  });

  it('asks a running agent without loading another one', async () => {
    for (const command of ['status', 'health', 'stop']) {
      expect(await agent(command)).toMatchObject({ code: 1, stderr: expect.stringContaining('no session token') as string });
      // Shared by several commands; what is one command's own has its name.
      expect(new Set(await kept(command))).toEqual(new Set(['chunk']));
    }
  });

  it('plans the whole agent', async () => {
    expect(await agent('validate')).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing is missing') as string });
    expect(await kept('validate')).toContain('cluster-agent');
    expect(await kept('validate')).not.toContain('sandbox');
  });

  it('knows where its code was written', async () => {
    const chunks = join(dist, 'chunks');
    const [name = ''] = (await readdir(chunks)).filter((each) => /^cluster-agent-.*\.cjs$/.test(each));
    const lines = (await readFile(join(chunks, name), 'utf8')).split('\n');
    const line = lines.findIndex((text) => text.includes('Cluster Agent now running'));
    const column = lines[line]?.indexOf('Cluster Agent now running') ?? 0;
    const source = await readFile(join(root, 'components/announcement/log.ts'), 'utf8');
    expect(new SourceLines().find(join(chunks, name), line + 1, column + 1)).toEqual({
      file: 'components/announcement/log.ts',
      line: 1 + source.split('\n').findIndex((text) => text.includes('Cluster Agent now running')),
    });
  });

  it('runs code that it kept, unless it is damaged', async () => {
    const first = await agent('plan');
    const [name] = (await readdir(cacheOf('plan'))).filter((each) => each.startsWith('cluster-agent'));
    const path = join(cacheOf('plan'), name ?? '');
    const { mtimeMs } = await stat(path);
    const whole = await readFile(path);
    expect(await agent('plan')).toEqual(first);
    expect((await stat(path)).mtimeMs).toBe(mtimeMs);

    const damaged = Buffer.from(whole).fill(0xff, whole.length / 2, whole.length / 2 + 1000);
    for (const content of [damaged, whole.subarray(0, 1000), Buffer.alloc(0)]) {
      await writeFile(path, content);
      expect(await agent('plan')).toEqual(first);
      expect((await readFile(path)).length).toBeGreaterThan(whole.length / 2);
    }
  });

  it('runs nothing from a folder that others may write to', async () => {
    await chmod(join(dist, 'code-cache'), 0o777);
    expect(await agent('graph')).toMatchObject({ code: 0 });
    expect(await kept('graph')).toEqual([]);
  });
});
