import type { Bench, BenchOptions } from '../bench.ts';
import { rateCases, ratesOf } from './rates.ts';
import { stopCase, stopTimes } from './stop.ts';

/** The agent's API beside plain servers, and its stop. */
export const bench: Bench = {
  cases: [...rateCases.map(({ name }) => name), stopCase],
  async *run({ rounds, only }: BenchOptions) {
    for (const each of rateCases) if (only === undefined || only === each.name) yield await ratesOf(each, rounds);
    if (only === undefined || only === stopCase) yield await stopTimes(rounds);
  },
};
