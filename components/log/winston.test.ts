import { describe, expect, it } from 'vitest';
import { component, many } from '../../src/fx/index.ts';
import { fakeProcess, manualClock, testApp } from '../../src/fx/testing.ts';
import { fakeConfig, type FakeValues } from '../config/fake.ts';
import { Config } from '../config/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { rulesScrubber } from '../scrubber/rules.ts';
import { RuntimeSetting } from '../settings/index.ts';
import { prometheusTelemetry } from '../telemetry/prometheus.ts';
import { Telemetry } from '../telemetry/index.ts';
import { Log, LogSink, type LogLine } from './index.ts';
import { logSettings } from './settings.ts';
import { winstonLog } from './winston.ts';

const at = Date.UTC(2026, 10, 25, 18, 33, 15);

interface Behaviour {
  /** What a write does; default: it succeeds. */
  write?: () => Promise<void>;
}

function sinkOf(lines: LogLine[], behaviour: Behaviour = {}) {
  return component({
    name: 'test-sink',
    provides: many(LogSink),
    create: (): LogSink => ({
      name: 'test',
      write: async (batch) => {
        await behaviour.write?.();
        lines.push(...batch);
      },
    }),
  });
}

async function started({ values = {}, behaviour = {} }: { values?: FakeValues; behaviour?: Behaviour } = {}) {
  const lines: LogLine[] = [];
  const clock = manualClock(at);
  const process = fakeProcess();
  const tested = await testApp([fakeConfig(values), rulesScrubber, prometheusTelemetry, sinkOf(lines, behaviour), winstonLog], {
    requires: { log: Log, scrubber: Scrubber, config: Config, settings: many(RuntimeSetting), telemetry: Telemetry },
    clock,
    process,
  });
  tested.needs.scrubber.remember('hunter2');
  const texts = async (): Promise<string[]> => {
    await tested.needs.log.flush();
    return lines.map(({ text }) => text);
  };
  return { ...tested.needs, tested, lines, texts, clock, process };
}

describe('a line', () => {
  it("has the Go agent's form", async () => {
    const { log, texts, tested } = await started();
    log.info('started');
    log.warn('slow', { seconds: 3, pod: 'a' });
    const [first = '', second = ''] = await texts();
    expect(first).toMatch(
      /^2026-11-25 18:33:15 UTC \| CLUSTER \| INFO \| \(components\/log\/winston\.test\.ts:\d+ in anonymous\) \| started$/,
    );
    expect(second).toMatch(/ \| CLUSTER \| WARN \| \(.*\) \| seconds:3,pod:a \| slow$/);
    await tested.stop();
  });

  it('names the function that logged', async () => {
    const { log, texts, tested } = await started();
    function reconcile(): void {
      log.info('here');
    }
    reconcile();
    expect((await texts())[0]).toContain(' in reconcile) | here');
    await tested.stop();
  });

  it('is one JSON object with its keys in order, its line number as text and context last', async () => {
    const { log, texts, tested } = await started({ values: { log_format_json: true, log_format_rfc3339: true } });
    log.error('no "luck"\n', { pod: 'a', msg: 'not mine' });
    const [line = ''] = await texts();
    expect(Object.keys(JSON.parse(line) as object)).toEqual(['agent', 'time', 'level', 'file', 'line', 'func', 'msg', 'pod']);
    expect(JSON.parse(line)).toMatchObject({
      agent: 'cluster',
      time: '2026-11-25T18:33:15Z',
      level: 'ERROR',
      line: expect.stringMatching(/^\d+$/) as string,
      msg: 'no "luck"\n',
      pod: 'a',
    });
    await tested.stop();
  });

  it('shows an error with its causes, and shows no secret', async () => {
    const { log, texts, tested } = await started();
    const error = new Error('cannot connect', { cause: new Error('password hunter2 refused') });
    log.error('with hunter2', { error, password: 'x', deep: { of: 'hunter2' } });
    expect((await texts())[0]).toMatch(
      /\| error:cannot connect: password \*{8} refused,password:\*{8},deep:\{"of":"\*{8}"\} \| with \*{8}$/,
    );
    await tested.stop();
  });

  it('is lost with a word, and harms nobody, when it cannot be made', async () => {
    const { log, texts, tested, process } = await started();
    const circle: Record<string, unknown> = { big: 1n };
    circle['self'] = circle;
    log.info('circle', { circle });
    log.info('broken', Object.defineProperty({}, 'bad', { enumerable: true, get: () => fail('no') }));
    expect(await texts()).toEqual([expect.stringContaining('circle:[object Object] | circle')]);
    expect(process.warnings).toEqual([expect.stringContaining('a log message of level info is lost')]);
    await tested.stop();
  });
});

describe('the level', () => {
  it('keeps what is less severe from being written, and follows the runtime setting', async () => {
    const { log, lines, settings, texts, tested, config } = await started({ values: { log_level: 'warning' } });
    log.info('no');
    log.warn('yes');
    expect(log.writes('info')).toBe(false);
    const [level] = settings;
    await level?.set('DEBUG', 'cli');
    expect(config.get(logSettings.level)).toBe('debug');
    log.debug('now');
    await level?.set('off', 'cli');
    log.critical('never');
    await texts();
    expect(lines.map(({ level: of, text }) => [of, text.split(' | ').at(-1)])).toEqual([
      ['warn', 'yes'],
      ['debug', 'now'],
    ]);
    expect(() => level?.set('loud', 'cli')).toThrow('unknown log level: loud');
    expect(level?.get()).toBe('off');
    await tested.stop();
  });
});

describe('a sink', () => {
  it('gets what was logged before start, and everything by the end of stop', async () => {
    const lines: LogLine[] = [];
    const early = component({ name: 'early', requires: { log: Log }, create: ({ log }) => log.info('constructing') });
    const late = component({ name: 'late', requires: { log: Log }, create: ({ log }) => log, stop: (log) => log.info('stopping') });
    await using _ = await testApp([fakeConfig(), rulesScrubber, winstonLog, sinkOf(lines), early, late]);
    await _.stop();
    expect(lines.map(({ text }) => text.split(' | ').at(-1))).toEqual(['constructing', 'stopping']);
  });

  it('that is stuck holds up nobody: what does not fit is dropped, counted and told of', async () => {
    const stuck = Promise.withResolvers<void>();
    const { log, lines, telemetry, tested, clock } = await started({ behaviour: { write: () => stuck.promise } });
    for (let number = 0; number < 10_250; number += 1) log.info(`n${number}`);
    let isFlushed = false;
    const flushing = log.flush().then(() => (isFlushed = true));
    await clock.advance(2999);
    expect(isFlushed).toBe(false);
    await clock.advance(1);
    await flushing;
    await expect.poll(() => telemetry.text()).toContain('log_lines_lost{sink="test"} 250');
    stuck.resolve();
    await log.flush();
    await log.flush();
    expect(lines.length).toBe(10_001);
    expect(lines.filter(({ text }) => text.includes('250 log lines were lost here')).length).toBe(1);
    await tested.stop();
  });

  it('gets a flood in its order and in turns that leave room for others, and all of it by the end of stop', async () => {
    const { log, lines, tested } = await started();
    const count = 5000;
    for (let number = 0; number < count; number += 1) log.info(`n${number}`);
    let turns = 0;
    const others = setInterval(() => (turns += 1), 0);
    await tested.stop();
    clearInterval(others);
    expect(lines.map(({ text }) => text.split(' | ').at(-1))).toEqual(Array.from({ length: count }, (_, number) => `n${number}`));
    expect(turns).toBeGreaterThan(1);
  });

  it('that fails is told of once, tried again ever more slowly, and loses nothing that fits', async () => {
    let isFull = true;
    const behaviour = { write: async () => void (isFull && fail('ENOSPC: no space left on device')) };
    const { log, lines, tested, clock, process } = await started({ behaviour });
    log.info('one');
    await clock.advance(20_000);
    log.info('two');
    expect(process.warnings).toEqual([expect.stringContaining('cannot write the log to test: Error: ENOSPC')]);
    isFull = false;
    await clock.advance(30_000);
    await log.flush();
    expect(lines.map(({ text }) => text.split(' | ').at(-1))).toEqual([
      'one',
      'cannot write the log to test; up to 10000 lines wait until it works again',
      'two',
      'the log to test works again',
    ]);
    await tested.stop();
  });

  it('that still fails at the end does not hold up the stop, which says what is lost', async () => {
    const { log, tested, process } = await started({ behaviour: { write: async () => fail('gone') } });
    log.info('one');
    await tested.stop();
    expect(process.warnings.at(-1)).toBe('2 log lines could not be written to test\n');
  });
});

function fail(message: string): never {
  throw new Error(message);
}
