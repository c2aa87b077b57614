import type { Bench, BenchOptions } from '../bench.ts';
import { rateCases, ratesOf } from './rates.ts';
import { startCaseNames, startsOf } from './starts.ts';
import { stopCase, stopTimes } from './stop.ts';

/** How long the agent takes to start, its API beside plain servers, and its stop. */
export const bench: Bench = {
  cases: [...startCaseNames, ...rateCases.map(({ name }) => name), stopCase],
  async *run({ rounds, only }: BenchOptions) {
    yield* startsOf(rounds, only);
    for (const each of rateCases) if (only === undefined || only === each.name) yield await ratesOf(each, rounds);
    if (only === undefined || only === stopCase) yield await stopTimes(rounds);
  },
};
