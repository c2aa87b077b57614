import { type Call, UsageError } from './command.ts';
import { fromMetricsPort } from './composition.ts';

/** The agent takes no longer ones. */
const bounds = { least: 30, most: 120 };

const withoutEffect = 'taken for scripts that were written for the Go agent; has no effect';
export const profileOptions = {
  profile: {
    type: 'string',
    short: 'p',
    value: 'SECONDS',
    description: `add profiles of the heap and of the CPU, each of that many seconds (${bounds.least} to ${bounds.most})`,
  },
  'profile-mutex': { type: 'boolean', short: 'M', description: withoutEffect },
  'profile-mutex-fraction': { type: 'string', value: 'N', description: withoutEffect },
  'profile-blocking': { type: 'boolean', short: 'B', description: 'with --profile: add how long the event loop was blocked' },
  'profile-blocking-rate': { type: 'string', value: 'N', description: withoutEffect },
} as const;

/** Profiles of the running agent in Base64, by file name; none when none are wanted, or none can be had, which the person is told. */
export async function profiles(call: Call<typeof profileOptions>): Promise<Readonly<Record<string, string>>> {
  const seconds = secondsIn(call);
  if (seconds === undefined) return {};
  const { values, terminal } = call;
  terminal.print(`Getting a ${seconds}s profile snapshot from the Cluster Agent: of its heap, then of its CPU.`);
  if (values['profile-mutex'] === true)
    terminal.print('There is no mutex profile: the agent runs on one thread, which waits for no mutex.');
  const take = (kind: string): Promise<string> =>
    fromMetricsPort(call.configPath, `/debug/pprof/${kind}?seconds=${seconds}`, (seconds + 30) * 1000);
  try {
    const blocked = values['profile-blocking'] === true ? take('block') : undefined;
    blocked?.catch(() => {});
    // One after the other: the agent takes one at a time, so that none is in the other's picture.
    const found = { 'heap.heapprofile': await take('heap'), 'cpu.cpuprofile': await take('profile') };
    const all = blocked === undefined ? found : { ...found, 'event-loop.json': await blocked };
    return Object.fromEntries(Object.entries(all).map(([name, text]) => [name, Buffer.from(text).toString('base64')]));
  } catch (error) {
    terminal.print(`Could not collect performance profile data: ${error instanceof Error ? error.message : String(error)}`);
    return {};
  }
}

/** @throws UsageError for what is no length of a profile */
function secondsIn({ values }: Call<typeof profileOptions>): number | undefined {
  const { profile } = values;
  if (profile === undefined) {
    if (values['profile-mutex'] === true || values['profile-blocking'] === true)
      throw new UsageError('-M and -B say what to add to profiles: give --profile SECONDS too');
    return undefined;
  }
  const seconds = Number(profile);
  if (!Number.isInteger(seconds) || seconds < bounds.least || seconds > bounds.most)
    throw new UsageError(`--profile is ${profile}: it must be a whole number of seconds from ${bounds.least} to ${bounds.most}`);
  return seconds;
}
