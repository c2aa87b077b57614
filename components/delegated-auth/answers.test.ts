import { describe, expect, it } from 'vitest';
import { manualClock } from '../../src/fx/testing.ts';
import { Answers } from './answers.ts';

function counting(answer: (asked: number) => boolean | Promise<boolean>) {
  const clock = manualClock();
  const answers = new Answers<boolean>({ clock, ttlMs: (allowed) => (allowed ? 10_000 : 2000), sizeMax: 3 });
  let asked = 0;
  const get = (question: string): Promise<boolean> => answers.get(question, async () => answer((asked += 1)));
  return { clock, get, asked: () => asked };
}

describe('Answers', () => {
  it('asks once for all that wait, and again when the answer has aged', async () => {
    const { clock, get, asked } = counting(() => true);
    expect(await Promise.all([get('a'), get('a'), get('a')])).toEqual([true, true, true]);
    expect(asked()).toBe(1);
    await clock.advance(9999);
    await get('a');
    expect(asked()).toBe(1);
    await clock.advance(1);
    await get('a');
    expect(asked()).toBe(2);
  });

  it('believes a refusal for its own time', async () => {
    const { clock, get, asked } = counting(() => false);
    await get('a');
    await clock.advance(2000);
    await get('a');
    expect(asked()).toBe(2);
  });

  it('keeps no failure', async () => {
    const { get, asked } = counting((count) => (count === 1 ? Promise.reject(new Error('down')) : true));
    await expect(Promise.all([get('a'), get('a')])).rejects.toThrow('down');
    expect(await get('a')).toBe(true);
    expect(asked()).toBe(2);
  });

  it('forgets what was asked for longest ago when there is too much', async () => {
    const { get, asked } = counting(() => true);
    for (const question of ['a', 'b', 'c', 'a', 'd']) await get(question);
    expect(asked()).toBe(4);
    await get('a');
    expect(asked()).toBe(4);
    await get('b');
    expect(asked()).toBe(5);
  });
});
