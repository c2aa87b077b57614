import type { Clock } from '../../src/fx/index.ts';
import { hasReason, type CallOptions } from '../kubernetes/index.ts';
import type { Random } from '../random/index.ts';
import type { Leader } from './index.ts';
import type { Lock, Snapshot } from './lock.ts';
import { claim, released, unclaimed, type LeaderRecord } from './record.ts';
import { within } from './within.ts';

export interface ElectorOptions {
  /** Not empty, and no other replica's. */
  readonly identity: string;
  readonly lock: Lock;
  /** Whole seconds, at least 1. */
  readonly leaseDurationSeconds: number;
  /** Whether the lock is handed back when leadership ends. */
  readonly releaseOnStop: boolean;
  readonly clock: Clock;
  readonly random: Random;
  /** Called on each gain and loss, in order. Must not throw. */
  readonly changed: (isLeader: boolean) => void;
  /** Called when the lock is seen to have another holder; empty when it was released. */
  readonly holderChanged: (identity: string) => void;
  /** Called with each failed attempt, and with `undefined` after the first that succeeds again. */
  readonly failed: (error: unknown) => void;
}

/** client-go's factor: a candidate waits between one and 2.2 retry periods. */
const jitterFactor = 1.2;
/** Milliseconds that a release may take, with its retries: others wait for the process to end. */
const releaseMs = 3000;
const releasePauseMs = 100;

/** The record as it was last seen to change, and when that was on our own clock. */
interface Observation {
  readonly record: LeaderRecord | undefined;
  readonly raw: string;
  readonly at: number;
}

/**
 * client-go's leader election: one holder of a lock, without trust in anybody's clock.
 *
 * A holder leads until half a lease after it *sent* its last successful renewal. Everybody else waits for a whole lease
 * from when they *received* that renewal. Both measure with their own monotonic clocks, so no two lead at one instant as
 * long as no clock runs twice as fast as another.
 */
export class Elector {
  readonly #options: ElectorOptions;
  readonly #leaseMs: number;
  /** Our own last write, for renewing without reading first. */
  #held: Snapshot | undefined;
  #observed: Observation | undefined;
  /** Whether a write of ours may have made us the holder, answered or not. */
  #mayHold = false;
  #isLeading = false;
  /** When leadership ends unless it is renewed, and when it was last renewed; milliseconds of the monotonic clock. */
  #deadline = -Infinity;
  #renewedAt = -Infinity;
  #cancelStepDown = (): void => {};
  #isFailing = false;
  /** Whether the API server has lately taken longer than a request is given at first. */
  #isSlow = false;

  constructor(options: ElectorOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseDurationSeconds * 1000;
  }

  /** Asks the clock, not only the timer: a timer may be late by as long as the event loop was blocked. */
  isLeader(): boolean {
    return this.#isLeading && this.#options.clock.monotonic() < this.#deadline;
  }

  leader(): Leader {
    if (this.isLeader()) return { kind: 'self' };
    const identity = this.#observed?.record?.holderIdentity ?? '';
    const isKnown = identity !== '' && identity !== this.#options.identity && this.#observedIsAlive();
    return isKnown ? { kind: 'other', identity } : { kind: 'unknown' };
  }

  /** Competes until the signal is aborted, then steps down and hands the lock back. Does not reject. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#attempt(signal);
      await this.#rest(signal);
      const hasLost = this.#held !== undefined && !this.#isLeading;
      if (hasLost && !signal.aborted) await this.#release(signal);
    }
    this.#stepDown();
    await this.#release(new AbortController().signal);
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    try {
      if (!(await this.#renew(signal))) await this.#acquire(signal);
      if (this.#isFailing) this.#options.failed(undefined);
      this.#isFailing = false;
    } catch (error) {
      if (signal.aborted) return;
      this.#isFailing = true;
      this.#options.failed(error);
    }
  }

  /** One write over what we wrote last. Tells whether it succeeded; if not, the lock has to be read. */
  async #renew(signal: AbortSignal): Promise<boolean> {
    if (!this.isLeader() || this.#held === undefined) return false;
    return this.#write(this.#held, signal).then(
      () => true,
      () => false,
    );
  }

  async #acquire(signal: AbortSignal): Promise<void> {
    try {
      await this.#readAndTake(signal);
    } catch (error) {
      if (!hasReason(error, 'Conflict', 'AlreadyExists')) throw error;
      await this.#readAndTake(signal); // somebody was faster: now we see who, or that the lock is still ours
    }
  }

  async #readAndTake(signal: AbortSignal): Promise<void> {
    const seen = await this.#request(signal, (options) => this.#options.lock.read(options)).catch((error: unknown) => {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    });
    // A record that is gone proves nothing: who wrote it leads on until its lease is over.
    if (seen !== undefined && seen.raw !== '') this.#observe(seen);
    if (!this.#isHeldByOther()) await this.#write(seen, signal);
  }

  /** Takes or keeps the lock; without a snapshot, by creating its object. */
  async #write(over: Snapshot | undefined, signal: AbortSignal): Promise<void> {
    const { clock, identity, leaseDurationSeconds, lock } = this.#options;
    const sentAt = clock.monotonic();
    const record = claim(over && (over.record ?? unclaimed), { identity, leaseDurationSeconds, now: clock.now() });
    this.#mayHold = true;
    this.#held = await this.#request(signal, (options) =>
      over === undefined ? lock.create(record, options) : lock.update(over, record, options),
    );
    if (clock.monotonic() - sentAt < this.#leaseMs / 8) this.#isSlow = false;
    this.#observe(this.#held);
    this.#renewed(sentAt);
  }

  #renewed(sentAt: number): void {
    const { changed, clock } = this.#options;
    if (!this.isLeader()) this.#stepDown(); // late, and the timer even later: that was a loss before it is a gain
    this.#renewedAt = sentAt;
    this.#deadline = sentAt + this.#leaseMs / 2;
    const leftMs = this.#deadline - clock.monotonic();
    if (leftMs <= 0) return;
    this.#cancelStepDown();
    this.#cancelStepDown = clock.after(leftMs, () => this.#stepDown());
    if (this.#isLeading) return;
    this.#isLeading = true;
    changed(true);
  }

  #stepDown(): void {
    this.#cancelStepDown();
    if (!this.#isLeading) return;
    this.#isLeading = false;
    this.#options.changed(false);
  }

  async #release(signal: AbortSignal): Promise<void> {
    const { clock, failed, releaseOnStop } = this.#options;
    this.#held = undefined;
    if (!releaseOnStop || !this.#mayHold) return;
    await within({ clock, ms: releaseMs, signal }, (inner) => this.#releaseOnce(inner)).catch(failed);
  }

  async #releaseOnce(signal: AbortSignal): Promise<void> {
    const { clock, identity, lock } = this.#options;
    for (;;) {
      try {
        const seen = await this.#request(signal, (options) => lock.read(options));
        const { record } = seen;
        if (record?.holderIdentity === identity) {
          this.#observe(await this.#request(signal, (options) => lock.update(seen, released(record, clock.now()), options)));
        }
        this.#mayHold = false;
        return;
      } catch (error) {
        if (!hasReason(error, 'Conflict')) throw error;
        await clock.sleep(releasePauseMs, signal); // a renewal that we gave up on may have come after all
      }
    }
  }

  #observe({ record, raw }: Snapshot): void {
    if (raw === this.#observed?.raw) return;
    const before = this.#observed?.record?.holderIdentity;
    this.#observed = { record, raw, at: this.#options.clock.monotonic() };
    const holder = record?.holderIdentity;
    if (holder !== before && holder !== undefined) this.#options.holderChanged(holder);
  }

  #isHeldByOther(): boolean {
    if (this.#observed === undefined) return false;
    const holder = this.#observed.record?.holderIdentity;
    return holder !== '' && holder !== this.#options.identity && this.#observedIsAlive();
  }

  /** Whether the record that was last seen still holds. */
  #observedIsAlive(): boolean {
    return this.#observedLeftMs() > 0;
  }

  /** How long the record that was last seen still holds, by its own duration and our clock. What cannot be read counts like ours. */
  #observedLeftMs(): number {
    if (this.#observed === undefined) return 0;
    const { record, at } = this.#observed;
    const seconds = record?.leaseDurationSeconds ?? 0;
    return at + (seconds > 0 ? seconds * 1000 : this.#leaseMs) - this.#options.clock.monotonic();
  }

  /** Until the next attempt: a leader a fixed time after its renewal, a candidate with jitter; both sooner after a failure. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const periodMs = this.#leaseMs / (this.#isFailing ? 16 : 4);
    const restMs = this.#isLeading ? this.#leaderRestMs(periodMs) : this.#candidateRestMs(periodMs);
    await clock.sleep(restMs, signal).catch(() => {});
  }

  /** Not beyond the moment at which the lock may be free: a dead leader is followed after one retry, not two. */
  #candidateRestMs(periodMs: number): number {
    const jitteredMs = periodMs * (1 + jitterFactor * this.#options.random.next());
    const leftMs = this.#observedLeftMs();
    return leftMs > 0 ? Math.min(jitteredMs, leftMs) : jitteredMs;
  }

  #leaderRestMs(periodMs: number): number {
    return this.#isFailing ? periodMs : Math.max(0, this.#renewedAt + periodMs - this.#options.clock.monotonic());
  }

  /**
   * Each request has a time of its own, short enough for another try before the lease is lost. An API server that is slower than that, and
   * does not only lose a request, gets as long as two renewals in a row may take, until a write is quick again.
   */
  async #request<T>(signal: AbortSignal, call: (options: CallOptions) => Promise<T>): Promise<T> {
    const { clock } = this.#options;
    const quickMs = this.#leaseMs / 8;
    const ms = this.#isSlow ? 2 * quickMs : quickMs;
    const sentAt = clock.monotonic();
    try {
      return await within({ clock, ms, signal }, (inner) => call({ signal: inner, timeoutMs: ms, retriesMax: 0 }));
    } finally {
      if (clock.monotonic() - sentAt >= quickMs) this.#isSlow = true;
    }
  }
}
