import type { Measured } from './sample.ts';
import type { Subject } from './subjects.ts';

/** One of the figures of a sample, and what it must keep to. */
export interface Figure {
  readonly of: keyof Measured;
  readonly name: string;
  readonly unit: string;
  /** What a measured value is divided by to be in that unit. */
  readonly per?: number;
  /** What armature may need at most of what its peer needs, in the same round. */
  readonly ofPeerMax?: number;
  readonly max?: number;
}

export interface Case {
  readonly name: string;
  readonly pods: number;
  /** Changes to be seen after the list. */
  readonly events: number;
  readonly figures: readonly Figure[];
  /** Peers that cannot do this size, and why. */
  readonly without?: Readonly<Partial<Record<Subject, string>>>;
}

/**
 * Flags of both subjects' processes. A small young generation suits a cache: what is parsed dies at once, and what is kept is copied in
 * small portions. V8's own choice, 32 MB, costs 120 MB of RSS and pauses of 20 ms and more.
 */
export const flags: readonly string[] = ['--expose-gc', '--max-semi-space-size=8'];

const seconds: Figure = { of: 'listSeconds', name: 'list', unit: 's' };
const lag: Figure = { of: 'lagMs', name: 'event-loop lag p99.9', unit: 'ms' };
/** On a machine that is not ours alone, most of a lag is what others take; this is what remains when that is left out. */
const held: Figure = { of: 'heldMs', name: 'of it, by own work', unit: 'ms' };
const peak: Figure = { of: 'peakRssMb', name: 'peak RSS', unit: 'MB' };

export const cases: readonly Case[] = [
  {
    name: 'pods-30000',
    pods: 30_000,
    events: 60_000,
    figures: [
      { of: 'bytesPerPod', name: 'memory per pod', unit: 'kB', per: 1000, ofPeerMax: 0.2 },
      { of: 'cpuUsPerEvent', name: 'CPU per event', unit: 'us', ofPeerMax: 0.65 },
      { of: 'eventsPerSecond', name: 'events', unit: '/s' },
      { ...peak, ofPeerMax: 0.5 },
      seconds,
      lag,
      held,
    ],
  },
  {
    name: 'pods-150000',
    pods: 150_000,
    events: 0,
    figures: [{ ...peak, max: 400 }, { ...lag, max: 50 }, { ...held, max: 50 }, seconds],
    without: { 'client-node': 'reads the whole list into one string, which is too long for V8' },
  },
];
