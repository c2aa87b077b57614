import { expect, it } from 'vitest';
import { History } from './history.ts';

it('keeps the last five different points of each metric', () => {
  const history = new History();
  history.add('a', { value: 9, timestamp: 0 });
  for (let timestamp = 1; timestamp <= 7; timestamp += 1) {
    history.add('a', { value: -1, timestamp });
    history.add('a', { value: timestamp * 10, timestamp });
    history.add('a', { value: -2, timestamp: timestamp - 1 });
  }
  history.add('b', { value: 1, timestamp: 1 });
  expect([history.last('a'), history.last('c')]).toEqual([{ value: 70, timestamp: 7 }, undefined]);
  expect(history.earlier('a').map(({ value }) => value)).toEqual([60, 50, 40, 30]);
  expect([history.earlier('b'), history.earlier('c')]).toEqual([[], []]);
});

it('forgets metrics that are gone', () => {
  const history = new History();
  for (const key of ['a', 'b', 'c']) for (const timestamp of [1, 2]) history.add(key, { value: 1, timestamp });
  history.forget('a');
  history.keep(new Set(['b']));
  expect(['a', 'b', 'c'].map((key) => history.earlier(key).length)).toEqual([0, 1, 0]);
});
