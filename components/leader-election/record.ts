/** Who holds a lock, as the lock's object tells it. The times are the holder's own and only for people: nobody's lease is judged by them. */
export interface LeaderRecord {
  /** Empty when the lock was released. */
  readonly holderIdentity: string;
  /** Seconds for which the holder counts on it; 0 where it does not say. */
  readonly leaseDurationSeconds: number;
  /** Milliseconds since the epoch, like {@link renewTime}; absent where there is none. */
  readonly acquireTime?: number | undefined;
  readonly renewTime?: number | undefined;
  readonly leaderTransitions: number;
}

/** What stands in an object that nobody has claimed yet. */
export const unclaimed: LeaderRecord = { holderIdentity: '', leaseDurationSeconds: 0, leaderTransitions: 0 };

/** The latest moment that Go can write: years have four digits there. */
const lastTimeMs = Date.UTC(9999, 11, 31, 23, 59, 59);

interface Claim {
  readonly identity: string;
  readonly leaseDurationSeconds: number;
  /** The wall clock of the one who claims, in milliseconds. */
  readonly now: number;
}

/**
 * The record with which a replica takes the lock, or keeps it; without a previous one, the first of a new object.
 *
 * Others know that a holder is alive only by its record changing. So a renewal is always later than the one before, by a
 * second at least, whatever the wall clock does.
 */
export function claim(previous: LeaderRecord | undefined, { identity, leaseDurationSeconds, now }: Claim): LeaderRecord {
  if (previous?.holderIdentity !== identity) {
    const leaderTransitions = previous === undefined ? 0 : previous.leaderTransitions + 1;
    return { holderIdentity: identity, leaseDurationSeconds, acquireTime: now, renewTime: now, leaderTransitions };
  }
  const { acquireTime = now, renewTime = 0, leaderTransitions } = previous;
  const later = Math.max(now, renewTime + 1000);
  return { holderIdentity: identity, leaseDurationSeconds, acquireTime, renewTime: later > lastTimeMs ? now : later, leaderTransitions };
}

/** The record of a lock that anybody may take at once. */
export function released({ leaderTransitions }: LeaderRecord, now: number): LeaderRecord {
  return { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now, leaderTransitions };
}

/** Go's `metav1.Time`: seconds, no fraction. */
function secondsText(time: number | undefined): string | null {
  return time === undefined ? null : `${new Date(time).toISOString().slice(0, 19)}Z`;
}

/** Go's `metav1.MicroTime`: its decoder wants six digits. */
export function microsecondsText(time: number | undefined): string | null {
  return time === undefined ? null : `${new Date(time).toISOString().slice(0, -1)}000Z`;
}

/** The record as Go's encoder writes it, key by key. */
export function recordText(record: LeaderRecord): string {
  return JSON.stringify({
    holderIdentity: record.holderIdentity,
    leaseDurationSeconds: record.leaseDurationSeconds,
    acquireTime: secondsText(record.acquireTime),
    renewTime: secondsText(record.renewTime),
    leaderTransitions: record.leaderTransitions,
  });
}

/** Milliseconds of a time as Go or Python write it; Python's has a space, no zone, and means UTC. */
function timeOf(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const [, date, clock, zone = 'Z'] = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:\d\d)?$/.exec(value.trim()) ?? [];
  const time = Date.parse(`${date}T${clock}${zone}`);
  return Number.isNaN(time) ? undefined : time;
}

/** Python's client writes numbers as text. */
function countOf(value: unknown): number {
  const count = typeof value === 'string' ? Number(value) : value;
  return typeof count === 'number' && Number.isFinite(count) && count > 0 ? count : 0;
}

/** The record of plain data that Go's field names stand in. */
function recordOf(fields: Readonly<Record<string, unknown>>): LeaderRecord {
  const { holderIdentity } = fields;
  return {
    holderIdentity: typeof holderIdentity === 'string' ? holderIdentity : '',
    leaseDurationSeconds: countOf(fields['leaseDurationSeconds']),
    acquireTime: timeOf(fields['acquireTime']),
    renewTime: timeOf(fields['renewTime']),
    leaderTransitions: countOf(fields['leaderTransitions']),
  };
}

/** Reads what {@link recordText}, Go or Python wrote; `undefined` when it is nothing of the kind. */
export function parseRecord(text: string): LeaderRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? recordOf({ ...value }) : undefined;
  } catch {
    return undefined;
  }
}
