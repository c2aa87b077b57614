import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const at = (path: string): string => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)));

/** An agent in a process of its own, which then runs `code`. */
async function crash(code: string, { dumps, limit = '0' }: { readonly dumps: boolean; readonly limit?: string }) {
  const program = `
    const { app, supply } = await import(${at('../../src/fx/index.ts')});
    const { configOf } = await import(${at('../config/fake.ts')});
    const { Config } = await import(${at('../config/index.ts')});
    const { Log } = await import(${at('../log/index.ts')});
    const { recordingLog } = await import(${at('../log/fake.ts')});
    const { Scrubber } = await import(${at('../scrubber/index.ts')});
    const { coreDump } = await import(${at('last-words.ts')});
    const logged = [];
    const log = { ...recordingLog(logged), flush: async () => console.log(JSON.stringify(logged)) };
    const scrubber = { text: (text) => text.replaceAll('hunter2', '***'), data: (value) => value, remember: () => {} };
    const running = app([supply(Config, configOf({ go_core_dump: ${dumps} })), supply(Log, log), supply(Scrubber, scrubber), coreDump]);
    await running.start();
    ${code}`;
  const child = spawn('sh', ['-c', `ulimit -c ${limit}; exec "$0" --input-type=module -e "$1"`, process.execPath, program]);
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  const [code_, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code: code_, signal, out: out(), err: err() };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

const throwing = "setTimeout(() => { throw new Error('boom hunter2'); }); setTimeout(() => { throw new Error('again'); });";

describe('an error that nobody handles', () => {
  it('ends the process with code 1, its words in the log and on standard error', async () => {
    const { code, out, err } = await crash(throwing, { dumps: false });
    expect(code).toBe(1);
    expect(err).toMatch(/^uncaughtException: Error: boom \*\*\*\n {4}at /);
    expect(err).not.toContain('again');
    const [words, ...others] = JSON.parse(out) as { level: string; message: string }[];
    expect([words?.level, words?.message, others]).toEqual(['critical', expect.stringContaining('boom'), []]);
  });

  it('may be a promise', async () => {
    const { code, err } = await crash("void Promise.reject(new Error('nobody waits'));", { dumps: false });
    expect([code, err]).toEqual([1, expect.stringMatching(/^unhandledRejection: Error: nobody waits/)]);
  });

  it('aborts the process where core files are wanted, and says that there will be none', async () => {
    const { signal, out } = await crash(throwing, { dumps: true });
    expect(signal).toBe('SIGABRT');
    expect(JSON.parse(out)).toEqual([
      expect.objectContaining({ level: 'warn', message: "Can't setup core dumps, they might not be available after a crash" }),
      expect.objectContaining({ level: 'critical' }),
    ]);
  });
});

describe('core files', () => {
  const limits =
    "const { readFileSync } = await import('node:fs'); console.log(/^Max core file size +(\\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))[1]);";

  it.runIf(process.platform === 'linux')('may be as long as the hard limit allows', async () => {
    expect((await crash(limits, { dumps: true, limit: '-S 0; ulimit -H -c 2048' })).out).toBe(`${2048 * 512}\n`);
  });

  it.runIf(process.platform === 'linux')('are not asked for otherwise', async () => {
    expect((await crash(limits, { dumps: false, limit: '-S 0' })).out).toBe('0\n');
  });
});
