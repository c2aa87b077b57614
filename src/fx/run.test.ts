import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { recorder, rejection, settled } from '../../test/support.ts';
import { app, component, FxError, Lifecycle, oneShot, Process, run, Shutdowner, token, type Component } from './index.ts';
import { fakeProcess, manualClock, type FakeProcess } from './testing.ts';
import { turn } from './testing/clock.ts';

const hang = (): Promise<never> => new Promise(() => {});
const plain = (name: string, log: string[]): Component =>
  component({ name, create: () => undefined, start: () => void log.push(`start ${name}`), stop: () => void log.push(`stop ${name}`) });
/** Asks for the end as soon as it starts. */
const ending = (request: Parameters<Shutdowner['shutdown']>[0]): Component =>
  component({
    name: 'ending',
    requires: { shutdowner: Shutdowner, lifecycle: Lifecycle },
    create: ({ shutdowner, lifecycle }) => lifecycle.append({ start: () => shutdowner.shutdown(request) }),
  });

describe('run', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('starts, waits, stops on %s and returns 0', async (signal) => {
    const log: string[] = [];
    const process = fakeProcess();
    const running = run([plain('a', log), plain('b', log)], { process });
    await turn();
    expect(log).toEqual(['start a', 'start b']);
    expect(process.signal(signal)).toBe(true);
    expect(await running).toBe(0);
    expect(log.slice(2)).toEqual(['stop b', 'stop a']);
    expect([process.warnings, process.exits]).toEqual([[], []]);
  });

  it('does not listen to signals any more once it has stopped', async () => {
    const process = fakeProcess();
    const running = run([plain('a', [])], { process });
    await turn();
    process.signal('SIGTERM');
    await running;
    expect([process.signal('SIGTERM'), process.signal('SIGINT')]).toEqual([false, false]);
  });

  it.each([
    ['nothing', undefined, 0, []],
    ['an exit code', { exitCode: 7 }, 7, []],
    ['a cause', { cause: 'disk gone' }, 1, ['disk gone\n']],
    ['a cause and an exit code', { cause: 'disk gone', exitCode: 9 }, 9, ['disk gone\n']],
    ['a cause and exit code 0', { cause: 'all done', exitCode: 0 }, 0, ['all done\n']],
  ])('returns what a shutdown asks for: %s', async (...[, request, exitCode, warnings]) => {
    const log: string[] = [];
    const process = fakeProcess();
    expect(await run([plain('a', log), ending(request)], { process })).toBe(exitCode);
    expect(process.warnings).toEqual(warnings);
    expect(log.filter((line) => line.startsWith('start')).length).toBe(log.filter((line) => line.startsWith('stop')).length);
  });

  it("prints a stranger's error with its stack, its own by its message", async () => {
    const strange = fakeProcess();
    await run([ending({ cause: new Error('disk gone') })], { process: strange });
    expect(strange.warnings[0]).toMatch(/^Error: disk gone\n\s+at /);
    const own = fakeProcess();
    const broken: readonly Component[] = [component({ create: () => undefined })];
    expect(await run(broken, { process: own })).toBe(1);
    expect(own.warnings[0]).toMatch(/^FX_BAD_DEFINITION: unnamed: .*\n {2}written at .*\n {2}what to do mend the definition\n$/);
  });

  it('stops whatever the cause of the shutdown is', async () => {
    const log: string[] = [];
    const process = fakeProcess();
    expect(await run([plain('a', log), ending({ cause: Object.create(null) })], { process })).toBe(1);
    expect(log).toEqual(['start a', 'stop a']);
    expect(process.warnings.join('')).toContain('what was thrown cannot be read');
  });

  it('returns 1 when settings cannot be read', async () => {
    const process = fakeProcess();
    const gated = component({ name: 'gated', when: 'x', create: () => undefined });
    expect(await run([gated], { process, settings: () => expect.fail('not loaded') })).toBe(1);
    expect(process.warnings.join('')).toContain('gated depends on a setting ("when"), but not loaded');
  });

  it('returns 1 when the start fails, after it has stopped what had started', async () => {
    const log: string[] = [];
    const process = fakeProcess();
    const broken = component({ name: 'broken', create: () => undefined, start: () => Promise.reject(new Error('port taken')) });
    expect(await run([plain('a', log), broken], { process })).toBe(1);
    expect(log).toEqual(['start a', 'stop a']);
    expect(process.warnings.join('')).toContain('FX_START_FAILED: start hook "broken" of broken failed: port taken');
  });

  it('returns 1 when the stop fails, whatever the shutdown asked for', async () => {
    const process = fakeProcess();
    const stuck = component({ name: 'stuck', create: () => undefined, stop: () => Promise.reject(new Error('no')) });
    expect(await run([stuck, ending({ exitCode: 7 })], { process })).toBe(1);
    expect(process.warnings.join('')).toContain('FX_STOP_FAILED');
  });

  it('ends a start that is under way on a signal, and returns 0', async () => {
    const log: string[] = [];
    const process = fakeProcess();
    const slow = component({ name: 'slow', create: () => undefined, start: hang, stop: () => void log.push('stop slow') });
    const running = run([plain('a', log), slow], { process });
    await turn();
    process.signal('SIGTERM');
    expect(await running).toBe(0);
    expect(log).toEqual(['start a', 'stop a']);
    expect(process.warnings).toEqual([]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('lets a second signal, %s, end the process with %i', async (signal, code) => {
    const process = fakeProcess();
    const { sink, events } = recorder();
    const clock = manualClock();
    const running = run([component({ name: 'stuck', create: () => undefined, stop: hang })], {
      process,
      clock,
      sinks: [sink],
      stopTimeoutMs: 1000,
    });
    await turn();
    process.signal('SIGTERM');
    await turn();
    expect(process.exits).toEqual([]);
    process.signal(signal);
    expect(process.exits).toEqual([code]);
    expect(events.at(-1)).toEqual({
      kind: 'ForcedExit',
      at: 0,
      exitCode: code,
      because: `${signal} came while the app was already ending`,
    });
    expect(await settled(clock, running)).toBe(1);
  });

  it('ends the process with 124 when it outlives its stop by the grace period', async () => {
    const process = fakeProcess();
    const { sink, events } = recorder();
    expect(await run([ending({})], { process, graceMs: 1234, sinks: [sink] })).toBe(0);
    expect(process.exits).toEqual([]);
    process.outlive();
    expect(process.exits).toEqual([124]);
    expect(events.at(-1)).toMatchObject({
      kind: 'ForcedExit',
      exitCode: 124,
      because: expect.stringMatching(/^something kept the process alive for 1234 ms after the stop; still open: /),
    });
    expect(process.warnings.join('')).toMatch(/^ended by force: something kept the process alive/);
  });

  it('takes the first request and drops later ones', async () => {
    const process = fakeProcess();
    const eager = component({
      name: 'eager',
      requires: { shutdowner: Shutdowner, lifecycle: Lifecycle },
      create: ({ shutdowner, lifecycle }) =>
        lifecycle.append({ start: () => [3, 4].forEach((exitCode) => shutdowner.shutdown({ exitCode })) }),
    });
    expect(await run([eager], { process })).toBe(3);
  });
});

describe('App.wait', () => {
  it('hands the request to everybody who waits, also to those who come later', async () => {
    const subject = app([ending({ exitCode: 5 })], { process: fakeProcess() });
    const early = subject.wait();
    await subject.start();
    expect([await early, await subject.wait()]).toEqual(Array.from({ length: 2 }, () => ({ by: 'ending', exitCode: 5 })));
    await subject.stop();
  });

  it('can be asked for again after a stop', async () => {
    const process = fakeProcess();
    const subject = app([plain('a', [])], { process });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const asked = subject.wait();
      await subject.start();
      process.signal(signal);
      expect(await asked).toEqual({ by: signal, exitCode: 0 });
      await subject.stop();
    }
  });
});

describe('environment', () => {
  const timeOut = async (env: FakeProcess['env'], which: 'start' | 'stop'): Promise<number> => {
    const clock = manualClock();
    const subject = app([component({ name: 'x', create: () => undefined, [which]: hang })], { clock, process: fakeProcess({ env }) });
    const times: number[] = [];
    const failing = (which === 'start' ? subject.start() : subject.start().then(() => subject.stop())).finally(() =>
      times.push(clock.monotonic()),
    );
    await settled(clock, rejection(failing));
    return times[0] ?? NaN;
  };

  it.each(['start', 'stop'] as const)('limits the %s by DD_FX_*_TIMEOUT_SECONDS, in whole seconds', async (which) => {
    expect(await timeOut({ [`DD_FX_${which.toUpperCase()}_TIMEOUT_SECONDS`]: '7' }, which)).toBe(7000);
  });

  it.each(['', 'abc', '-1', '1.5', '1e3', ' 7', '7s'])('takes five minutes instead of "%s"', async (value) => {
    expect(await timeOut({ DD_FX_START_TIMEOUT_SECONDS: value }, 'start')).toBe(300_000);
    expect(await timeOut({ DD_FX_STOP_TIMEOUT_SECONDS: value }, 'stop')).toBe(300_000);
  });

  it('lets options go before the environment', async () => {
    const clock = manualClock();
    const subject = app([component({ name: 'x', create: () => undefined, start: hang })], {
      clock,
      startTimeoutMs: 1000,
      process: fakeProcess({ env: { DD_FX_START_TIMEOUT_SECONDS: '7' } }),
    });
    expect((await settled(clock, rejection(subject.start()))).message).toContain('1 s were left');
  });

  const traced = async (env: FakeProcess['env']): Promise<string> => {
    const process = fakeProcess({ env });
    const subject = app([plain('a', [])], { process });
    await subject.start();
    await subject.stop();
    return process.warnings.join('');
  };

  it('writes console lines to standard error with TRACE_FX=1', async () => {
    expect(await traced({ TRACE_FX: '1' })).toMatch(/^\[Fx\] PROVIDE\tfx\.lifecycle <= fx\n[\s\S]*\[Fx\] RUNNING\n/);
  });

  it.each([{}, { TRACE_FX: '0' }, { TRACE_FX: 'true' }])('writes nothing with %o', async (env) => {
    expect(await traced(env)).toBe('');
  });
});

const Config = token<{ readonly name: string }>()('config');
const config = component({ provides: Config, create: () => ({ name: 'x' }) });

describe('oneShot', () => {
  it('starts, calls the function with what it requires, stops, and returns what it returned', async () => {
    const log: string[] = [];
    const result = await oneShot(
      [config, plain('a', log)],
      { config: Config },
      {
        process: fakeProcess(),
        run: async ({ config: { name } }) => {
          log.push('run');
          return name.length;
        },
      },
    );
    expect(result).toBe(1);
    expect(log).toEqual(['start a', 'run', 'stop a']);
  });

  it('takes a bare function', async () => {
    expect(await oneShot([config], { config: Config }, ({ config: { name } }) => name)).toBe('x');
  });

  it('stops and throws what the function threw, as it is', async () => {
    const log: string[] = [];
    const error = new Error('no such pod');
    await expect(oneShot([plain('a', log)], {}, { process: fakeProcess(), run: () => Promise.reject(error) })).rejects.toBe(error);
    expect(log).toEqual(['start a', 'stop a']);
  });

  it('does not call the function when the start fails', async () => {
    let calls = 0;
    const broken = component({ name: 'broken', create: () => Promise.reject(new Error('no')) });
    const failing = oneShot([broken], {}, { process: fakeProcess(), run: () => void (calls += 1) });
    await expect(failing).rejects.toBeInstanceOf(FxError);
    expect(calls).toBe(0);
  });

  it('throws what the stop failed of when the function succeeded', async () => {
    const stuck = component({ name: 'stuck', create: () => undefined, stop: () => Promise.reject(new Error('no')) });
    expect((await rejection(oneShot([stuck], {}, { process: fakeProcess(), run: () => 1 }))).code).toBe('FX_STOP_FAILED');
  });

  it('joins both errors, that of the function first', async () => {
    const stuck = component({ name: 'stuck', create: () => undefined, stop: () => Promise.reject(new Error('no')) });
    const failing = oneShot([stuck], {}, { process: fakeProcess(), run: () => Promise.reject(new Error('first')) });
    const joined: unknown = await failing.catch((error: unknown) => error);
    expect(joined).toBeInstanceOf(AggregateError);
    expect(joined).toMatchObject({
      message: 'the function failed, and then the app did not stop cleanly',
      errors: [{ message: 'first' }, { code: 'FX_STOP_FAILED' }],
    });
  });

  it('aborts its signal when a signal comes', async () => {
    const process = fakeProcess();
    const working = oneShot(
      [config],
      {},
      {
        process,
        run: (_, signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error));
          }),
      },
    );
    await turn();
    process.signal('SIGINT');
    await expect(working).rejects.toThrow('SIGINT asked the app to end');
    expect(process.signal('SIGINT')).toBe(false);
  });

  it('aborts with the cause when a component asks for the end', async () => {
    const cause = new Error('disk gone');
    const working = oneShot(
      [],
      { shutdowner: Shutdowner },
      {
        process: fakeProcess(),
        run: async ({ shutdowner }, signal) => {
          shutdowner.shutdown({ cause });
          await turn();
          signal.throwIfAborted();
        },
      },
    );
    await expect(working).rejects.toBe(cause);
  });

  it('ends a start that hangs when a signal comes', async () => {
    const process = fakeProcess();
    const slow = component({ name: 'slow', create: () => undefined, start: hang });
    const working = rejection(oneShot([slow], {}, { process, run: () => 1 }));
    await turn();
    process.signal('SIGTERM');
    expect((await working).code).toBe('FX_INTERRUPTED');
  });
});

describe('Process', () => {
  it('is given to components, so that they own environment and arguments in tests', async () => {
    const process = fakeProcess({ env: { HOME: '/home/x' }, argv: ['node', 'main', 'status'] });
    expect(
      await oneShot([], { process: Process }, { process, run: (needs) => [needs.process.env['HOME'], ...needs.process.argv.slice(2)] }),
    ).toEqual(['/home/x', 'status']);
  });
});

describe('run in a process of its own', () => {
  const program = fileURLToPath(new URL('../../test/fixtures/program.ts', import.meta.url));
  const begin = async (
    kind: string,
  ): Promise<{ readonly child: ChildProcess; readonly says: (text: string) => Promise<void>; readonly ended: Promise<unknown[]> }> => {
    const child = spawn(process.execPath, [program, kind], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    let said = '';
    const says = async (text: string): Promise<void> => {
      while (!said.includes(text)) {
        const [chunk] = (await once(child.stdout, 'data')) as readonly Buffer[];
        said += String(chunk);
      }
    };
    await says('started');
    return { child, says, ended };
  };

  it('stops on SIGTERM and exits with 0', async () => {
    const { child, ended } = await begin('good');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  it('exits with 130 on a second SIGINT while a stop hangs', async () => {
    const { child, says, ended } = await begin('hangs');
    child.kill('SIGINT');
    await says('stopping');
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
  });

  it('exits with 124 when a forgotten timer keeps it alive', async () => {
    const { child, ended } = await begin('leaks');
    child.kill('SIGTERM');
    expect(await ended).toEqual([124, null]);
  });
});
