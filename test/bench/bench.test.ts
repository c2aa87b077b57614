import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { complaint, Ledger, makeGraph } from './fx/part.ts';
import { pass } from './fx/by-hand.ts';
import { median, medianRatio } from './statistics.ts';
import { jsonLine, table } from './table.ts';

const dag = { shape: 'dag', size: 100, seed: 1, isShuffled: true } as const;
const main = fileURLToPath(new URL('main.ts', import.meta.url));

function call(...args: string[]): Promise<unknown> {
  return promisify(execFile)(process.execPath, [main, ...args]);
}

describe('the command', () => {
  it.each([
    [['nope'], 'there is no benchmark "nope"'],
    [['fx', '--rounds', '3'], '--rounds takes a whole number from 7 up, not "3"'],
    [['fx', '--case', 'nope'], 'fx has no case "nope"'],
    [['fx', '--fast'], "Unknown option '--fast'"],
    [[], 'one benchmark at a time, not 0'],
  ])('refuses %j', async (args, stderr) => {
    await expect(call(...args)).rejects.toMatchObject({ code: 2, stderr: expect.stringMatching(`${stderr}[^]*is one of: fx`) });
  });
});

describe('a sample', () => {
  it('gives the same seed the same graph, each component after what it requires', () => {
    expect(makeGraph(dag)).toEqual(makeGraph(dag));
    expect(makeGraph({ ...dag, seed: 2 })).not.toEqual(makeGraph(dag));
    for (const [index, needs] of makeGraph(dag).dependencies.entries()) {
      expect(needs).toHaveLength(index < 10 ? 0 : 3);
      for (const each of needs) expect(each).toBeLessThan(index);
    }
  });

  it.each<[string | undefined, (ledger: Ledger) => unknown]>([
    [undefined, () => undefined],
    ['99 of 100 built', ({ made }) => made.pop()],
    ['99 of 100 started', ({ started }) => started.pop()],
    ['101 of 100 stopped', ({ stopped }) => stopped.push(0)],
    ['started before something that it requires', ({ started }) => started.unshift(started.pop() ?? 0)],
    ['stopped after something that it requires', ({ stopped }) => stopped.unshift(stopped.pop() ?? 0)],
  ])('complains: %s', async (words, spoil) => {
    const [graph, ledger] = [makeGraph(dag), new Ledger()];
    await pass(graph, ledger);
    spoil(ledger);
    expect(complaint(graph, ledger)).toBe(words);
  });
});

describe('figures', () => {
  it('are medians, ratios taken within a round', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(medianRatio([2, 40, 9], [1, 10, 3])).toBe(3);
  });

  it('print as an aligned table, or one object a line', () => {
    const rows = [
      { case: 'dag-10', subject: 'armature', value: 12.345_6, unit: 'ms', ratio: 2, bar: '< 9 ms', pass: false },
      { case: 'dag-10', subject: 'nest', value: undefined, unit: 'ms', note: 'quadratic' },
    ] as const;
    expect(table(rows)).toBe(
      ['dag-10     median   ratio  bar', 'armature  12.3 ms  2.00 x  < 9 ms  MISSED', 'nest            -                  quadratic'].join(
        '\n',
      ),
    );
    expect(rows.map((row) => jsonLine('fx', row))).toEqual([
      '{"bench":"fx","case":"dag-10","subject":"armature","value":12.346,"unit":"ms","ratio":2,"bar":"< 9 ms","pass":false}',
      '{"bench":"fx","case":"dag-10","subject":"nest","value":null,"unit":"ms","ratio":null,"bar":null,"pass":null,"note":"quadratic"}',
    ]);
  });
});
