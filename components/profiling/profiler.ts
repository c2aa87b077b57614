import type { Session } from 'node:inspector/promises';
import type { Clock } from '../../src/fx/index.ts';

/** Bytes between two samples of the heap, on average. */
const heapSamplingInterval = 64 * 1024;

/** A profile is being taken, and there can be only one. */
export class BusyError extends Error {
  override readonly name = 'BusyError';

  constructor() {
    super('a profile is being taken already: try again when it is done');
  }
}

export type ProfileKind = 'cpu' | 'heap';

/** Takes profiles of this process in the formats of Chrome's developer tools, one at a time. */
export class Profiler {
  readonly #clock: Clock;
  #isBusy = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param durationMs how long the process is watched: what it computes, or what it allocates and keeps
   * @returns JSON: a `.cpuprofile` or a `.heapprofile`. Function names and files, no values.
   * @throws BusyError, or the signal's reason
   */
  async take(kind: ProfileKind, durationMs: number, signal: AbortSignal): Promise<string> {
    if (this.#isBusy) throw new BusyError();
    this.#isBusy = true;
    try {
      return await this.#take(kind, durationMs, signal);
    } finally {
      this.#isBusy = false;
    }
  }

  async #take(kind: ProfileKind, durationMs: number, signal: AbortSignal): Promise<string> {
    const { Session: InspectorSession } = await import('node:inspector/promises');
    const session = new InspectorSession();
    session.connect();
    try {
      return JSON.stringify(await takers[kind](session, () => this.#clock.sleep(durationMs, signal)));
    } finally {
      session.disconnect();
    }
  }
}

/** How each kind is taken while `wait` lasts. Disconnecting ends what was begun. */
const takers: Readonly<Record<ProfileKind, (session: Session, wait: () => Promise<void>) => Promise<object>>> = {
  cpu: async (session, wait) => {
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await wait();
    return (await session.post('Profiler.stop')).profile;
  },
  heap: async (session, wait) => {
    await session.post('HeapProfiler.startSampling', { samplingInterval: heapSamplingInterval });
    await wait();
    return (await session.post('HeapProfiler.stopSampling')).profile;
  },
};
