import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { supply } from '../../src/fx/index.ts';
import { type ManualClock, manualClock, testApp } from '../../src/fx/testing.ts';
import { fakeLog, type Logged } from '../log/fake.ts';
import { Telemetry } from '../telemetry/index.ts';
import { type WorkOptions, type Workqueue, type WorkqueueOptions, Workqueues } from './index.ts';
import { TokenBucket } from './rate-limits.ts';
import { recordingTelemetry } from './test-support.ts';
import { workqueues } from './workqueue.ts';

interface Bench {
  readonly clock: ManualClock;
  readonly queue: Workqueue;
  readonly logged: readonly Logged[];
  readonly telemetry: ReturnType<typeof recordingTelemetry>;
  /** Begins to work. @returns what stops it */
  readonly work: (options: Partial<WorkOptions<string>> & Pick<WorkOptions<string>, 'work'>) => { stop: () => Promise<void> };
}

async function bench(options: Partial<WorkqueueOptions> = {}, clock = manualClock()): Promise<Bench> {
  const [logged, telemetry] = [[] as Logged[], recordingTelemetry()];
  const list = [fakeLog(logged), supply(Telemetry, telemetry), workqueues] as const;
  const tested = await testApp(list, { clock, requires: { workqueues: Workqueues } });
  const queue = tested.needs.workqueues.create({ name: 'tested', ...options });
  const work: Bench['work'] = (asked) => {
    const controller = new AbortController();
    const running = queue.run({ workers: 1, signal: controller.signal, ...asked });
    return {
      stop: () => {
        controller.abort();
        return running;
      },
    };
  };
  return { clock, queue, logged, telemetry, work };
}

/** Work that ends when the test says so. */
function held(): { readonly begun: string[]; readonly work: (key: string) => Promise<void>; readonly finish: (key: string) => void } {
  const [begun, open] = [[] as string[], new Map<string, () => void>()];
  return {
    begun,
    work: (key) => {
      begun.push(key);
      return new Promise((resolve) => void open.set(key, resolve));
    },
    finish: (key) => open.get(key)?.(),
  };
}

describe('a workqueue', () => {
  it('works on keys in the order in which they came, each once however often it was added', async () => {
    const { clock, queue, work } = await bench();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(queue.size).toBe(3);
    const seen: string[] = [];
    const { stop } = work({ work: (key) => void seen.push(key) });
    await clock.advance(0);
    expect(seen).toEqual(['a', 'b', 'c']);
    queue.add('a');
    await clock.advance(0);
    expect(seen).toEqual(['a', 'b', 'c', 'a']);
    await stop();
  });

  it('never works on a key twice at a time, and once more when it was added meanwhile', async () => {
    const { clock, queue, work } = await bench();
    const { begun, work: hold, finish } = held();
    const { stop } = work({ workers: 3, work: hold });
    queue.add('a');
    queue.add('b');
    await clock.advance(0);
    queue.add('a');
    queue.add('a');
    await clock.advance(0);
    expect(begun).toEqual(['a', 'b']);
    finish('a');
    await clock.advance(0);
    expect(begun).toEqual(['a', 'b', 'a']);
    finish('a');
    finish('b');
    await stop();
    expect(begun).toEqual(['a', 'b', 'a']);
  });

  it('adds later, at the earliest of several times', async () => {
    const { clock, queue, work } = await bench();
    const seen: [string, number][] = [];
    const { stop } = work({ work: (key) => void seen.push([key, clock.now()]) });
    queue.addAfter('a', 500);
    queue.addAfter('a', 200);
    queue.addAfter('a', 900);
    queue.addAfter('now', 0);
    await clock.advance(1000);
    expect(seen).toEqual([
      ['now', 0],
      ['a', 200],
    ]);
    await stop();
    expect(clock.pending).toBe(0);
  });

  it('keeps what was delayed before anybody works, without a timer', async () => {
    const { clock, queue, work } = await bench();
    queue.addAfter('early', 100);
    queue.addAfter('late', 5000);
    expect(clock.pending).toBe(0);
    await clock.advance(1000);
    const seen: [string, number][] = [];
    const { stop } = work({ work: (key) => void seen.push([key, clock.now()]) });
    await clock.advance(10_000);
    expect(seen).toEqual([
      ['early', 1000],
      ['late', 5000],
    ]);
    await stop();
  });

  it('tries a failed key again after 5 ms, doubling to 1 000 s, says so, and forgets when it succeeds', async () => {
    const { clock, queue, logged, work } = await bench({ overall: false });
    const at: number[] = [];
    let failing = true;
    const { stop } = work({
      work: () => {
        at.push(clock.now());
        if (failing) throw new Error('no');
      },
    });
    queue.add('a');
    await clock.advance(4_000_000);
    const waits = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(waits.slice(17)).toEqual([655_360, 1_000_000, 1_000_000]);
    expect(queue.requeues('a')).toBe(at.length);
    expect(logged[0]).toMatchObject({ level: 'error', fields: { workqueue: 'tested', key: 'a', failures: 1 } });
    failing = false;
    await clock.advance(1_000_000);
    expect(queue.requeues('a')).toBe(0);
    await stop();
  });

  it('says of failures that come together one as an error, and all for debugging', async () => {
    const { clock, queue, logged, work } = await bench({ overall: false });
    const { stop } = work({ work: (key) => Promise.reject(new Error(key)) });
    for (const key of ['a', 'b', 'c']) queue.add(key);
    const told = () => logged.filter(({ level }) => level === 'error').map(({ fields: { key, failures } }) => [key, failures]);
    await clock.advance(9999);
    expect(told()).toEqual([['a', 1]]);
    expect(logged.length).toBeGreaterThan(30);
    await clock.advance(10_000);
    expect(told()).toEqual([
      ['a', 1],
      ['a', 12],
    ]);
    await stop();
  });

  it('lets 100 retries through at once, and 10 a second after that', async () => {
    const { clock, queue, work } = await bench();
    const at: number[] = [];
    const { stop } = work({ work: () => void at.push(clock.now()) });
    for (let key = 0; key < 120; key += 1) queue.addRateLimited(String(key));
    await clock.advance(10);
    expect(at).toHaveLength(100);
    await clock.advance(990);
    expect(at).toHaveLength(110);
    await clock.advance(1000);
    expect(at).toHaveLength(120);
    await stop();
  });

  it('does as the outcome says: again after the delay, again at a time, or done', async () => {
    const { clock, queue, logged, work } = await bench();
    const outcomes = ['retry', 'retry', { afterMs: 1000 }, undefined] as const;
    const at: number[] = [];
    const { stop } = work({ work: () => outcomes[at.push(clock.now()) - 1] });
    queue.add('a');
    await clock.advance(10_000);
    expect(at).toEqual([0, 5, 15, 1015]);
    expect(queue.requeues('a')).toBe(0);
    expect(logged).toEqual([]);
    await stop();
  });

  it('drains: what waits is worked on, what is delayed or added now is dropped', async () => {
    const { clock, queue, work } = await bench();
    const { begun, work: hold, finish } = held();
    const { stop } = work({ work: hold });
    for (const key of ['a', 'b']) queue.add(key);
    queue.addAfter('delayed', 10);
    await clock.advance(0);
    queue.add('a');
    const stopped = stop();
    queue.add('late');
    for (const key of ['a', 'b', 'a']) {
      finish(key);
      await clock.advance(0);
    }
    await stopped;
    expect(begun).toEqual(['a', 'b', 'a']);
    expect(clock.pending).toBe(0);
  });

  it('drops what a drain does not reach in time, and tells the work that is still on', async () => {
    const { clock, queue, work } = await bench();
    const begun: string[] = [];
    const { stop } = work({
      drainMs: 2000,
      work: (key, signal) => {
        begun.push(key);
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      },
    });
    for (const key of ['a', 'b']) queue.add(key);
    await clock.advance(0);
    queue.add('a');
    const stopped = stop();
    await clock.advance(2000);
    await stopped;
    expect(begun).toEqual(['a']);
    expect(queue.size).toBe(0);
  });

  it('says nothing of work that it has cut short itself', async () => {
    const { clock, queue, logged, work } = await bench();
    const { stop } = work({
      drainMs: 0,
      work: (_, signal) =>
        new Promise((__, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })),
    });
    queue.add('a');
    await clock.advance(0);
    const stopped = stop();
    await clock.advance(0);
    await stopped;
    expect(logged).toEqual([]);
  });

  it('can be run again after a stop, but not twice at a time', async () => {
    const { clock, queue, work } = await bench();
    const first = work({ work: () => undefined });
    await expect(queue.run({ workers: 1, work: () => undefined, signal: AbortSignal.abort() })).rejects.toThrow(
      'workqueue "tested" is worked on already; give one run more workers instead',
    );
    await first.stop();
    const seen: string[] = [];
    queue.add('a');
    const second = work({ work: (key) => void seen.push(key) });
    await clock.advance(0);
    expect(seen).toEqual(['a']);
    await second.stop();
    await queue.run({ workers: 2, work: () => undefined, signal: AbortSignal.abort() });
    expect(clock.pending).toBe(0);
  });

  it('lets the event loop turn between keys, however many there are and however quick the work is', async () => {
    let [spentMs, turns] = [0, 0];
    const { queue, work } = await bench({}, { ...manualClock(), monotonic: () => spentMs });
    for (let key = 0; key < 500; key += 1) queue.add(`${key}`);
    const turn = (): void => {
      turns += 1;
      turning = setImmediate(turn);
    };
    let turning = setImmediate(turn);
    const workedInTurn = new Map<number, number>();
    const { stop } = work({
      workers: 4,
      work: () => {
        spentMs += 0.5;
        workedInTurn.set(turns, (workedInTurn.get(turns) ?? 0) + 1);
      },
    });
    await stop();
    clearImmediate(turning);
    expect([...workedInTurn.values()].reduce((sum, count) => sum + count)).toBe(500);
    expect(Math.max(...workedInTurn.values())).toBeLessThanOrEqual(8);
  });

  it("counts as client-go's do", async () => {
    const { clock, queue, telemetry, work } = await bench();
    queue.add('a');
    queue.add('b');
    expect(telemetry.values).toMatchObject({ 'workqueue_depth{name=tested}': 2, 'workqueue_adds_total{name=tested}': 2 });
    let tries = 0;
    const { stop } = work({
      work: async (key) => {
        await clock.sleep(100);
        if (key === 'a' && (tries += 1) === 1) throw new Error('no');
      },
    });
    await clock.advance(1000);
    expect(telemetry.values).toMatchObject({
      'workqueue_depth{name=tested}': 0,
      'workqueue_adds_total{name=tested}': 3,
      'workqueue_retries_total{name=tested}': 1,
      'workqueue_work_duration_seconds{name=tested}': [0.1, 0.1, 0.1],
      'workqueue_queue_duration_seconds{name=tested}': [0, 0.1, 0.095],
    });
    await stop();
  });
});

describe('a token bucket', () => {
  it('lends tokens, to be waited for, and fills up to its burst', async () => {
    const clock = manualClock();
    const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, clock);
    const take = (times: number): number[] => Array.from({ length: times }, () => Math.round(bucket.reserve()));
    expect(take(4)).toEqual([0, 0, 100, 200]);
    await clock.advance(250);
    expect(take(2)).toEqual([50, 150]);
    await clock.advance(60_000);
    expect(take(3)).toEqual([0, 0, 100]);
  });
});

/** What a test may do to a queue, and what the queue of keys is then, said in the plainest way. */
class Model {
  ready: string[] = [];
  readonly processing: string[] = [];
  readonly again = new Set<string>();
  readonly delayed = new Map<string, number>();
  readonly begun: string[] = [];
  time = 0;

  constructor(readonly workers: number) {}

  add(key: string): void {
    if (this.processing.includes(key)) this.again.add(key);
    else if (!this.ready.includes(key)) this.ready.push(key);
    this.#assign();
  }

  addAfter(key: string, ms: number): void {
    if (ms === 0) this.add(key);
    else this.delayed.set(key, Math.min(this.delayed.get(key) ?? Infinity, this.time + ms));
  }

  advance(ms: number): void {
    const until = this.time + ms;
    for (;;) {
      const [next] = [...this.delayed].filter(([, at]) => at <= until).toSorted(([, a], [, b]) => a - b);
      if (next === undefined) break;
      this.delayed.delete(next[0]);
      this.time = next[1];
      this.add(next[0]);
    }
    this.time = until;
  }

  finish(key: string): void {
    if (!this.processing.includes(key)) return;
    this.processing.splice(this.processing.indexOf(key), 1);
    if (this.again.delete(key)) this.ready.push(key);
    this.#assign();
  }

  #assign(): void {
    while (this.processing.length < this.workers && this.ready.length > 0) {
      const key = this.ready.shift() ?? '';
      this.processing.push(key);
      this.begun.push(key);
    }
  }
}

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('finish' as const), key }) },
  // Each delay is one of its own kind, so that no two keys fall due at the same moment.
  { weight: 2, arbitrary: fc.record({ do: fc.constant('addAfter' as const), key, ms: fc.integer({ min: 0, max: 20 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 30 }) }) },
);

describe('a model of a workqueue', () => {
  it('does the same, whatever is asked of it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), async (commands, workers) => {
        const { clock, queue, work } = await bench();
        const { begun, work: hold, finish } = held();
        const model = new Model(workers);
        const { stop } = work({ workers, work: hold });
        await clock.advance(0);
        for (const [index, each] of commands.entries()) {
          if (each.do === 'advance') {
            model.advance(each.ms);
            await clock.advance(each.ms);
            continue;
          }
          if (each.do === 'addAfter') {
            const ms = each.ms === 0 ? 0 : each.ms + index / 100;
            model.addAfter(each.key, ms);
            queue.addAfter(each.key, ms);
          } else {
            model[each.do](each.key);
            if (each.do === 'add') queue.add(each.key);
            else finish(each.key);
          }
          await clock.advance(0);
          expect(begun).toEqual(model.begun);
          expect(queue.size).toBe(model.ready.length);
        }
        const stopped = stop();
        for (let round = 0; round < 20; round += 1) {
          for (const each of ['a', 'b', 'c', 'd', 'e']) finish(each);
          await clock.advance(0);
        }
        await stopped;
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
