import type { Clock } from '../../src/fx/index.ts';
import type { Log } from '../log/index.ts';
import type { Counter } from '../telemetry/index.ts';
import { plainAddress } from './address.ts';

/** What is limited, as logs and metrics call it. */
export type Limited = 'connections' | 'requests';

interface Parts {
  readonly what: Limited;
  /** Of one address at a time; 0 or less: no limit. */
  readonly max: number;
  /** Where that is set, for whoever reads the log. */
  readonly setting: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly refused: Counter<'what'>;
}

/** How many addresses are kept, at least, before those that have nothing are forgotten. */
const keptMin = 1024;

/** Whoever keeps knocking must not fill the log. */
const sayEveryMs = 60_000;

/** How many of something each client has at a time, and no more than it may. A client is an address: a proxy counts as one. */
export class ClientLimit {
  readonly #parts: Parts;
  /** Who has nothing any more stays for a while: as a rule they come back, and V8 builds a small map anew when its last key goes. */
  readonly #counts = new Map<string, number>();
  #kept = keptMin;
  #silentUntil = -Infinity;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @returns whether it may; then {@link leave} must follow */
  enter(address: string): boolean {
    const count = this.#counts.get(address) ?? 0;
    const { max } = this.#parts;
    if (max > 0 && count >= max) {
      this.#refuse(address);
      return false;
    }
    this.#counts.set(address, count + 1);
    if (this.#counts.size > this.#kept) this.#forgetIdle();
    return true;
  }

  leave(address: string): void {
    const count = this.#counts.get(address) ?? 0;
    if (count > 0) this.#counts.set(address, count - 1);
  }

  /** Often enough for the memory, and so seldom that each address pays for no more than its own turn. */
  #forgetIdle(): void {
    for (const [address, count] of this.#counts) if (count === 0) this.#counts.delete(address);
    this.#kept = Math.max(keptMin, 2 * this.#counts.size);
  }

  #refuse(address: string): void {
    const { what, max, setting, clock, log, refused } = this.#parts;
    refused.add({ what });
    const now = clock.monotonic();
    if (now < this.#silentUntil) return;
    this.#silentUntil = now + sayEveryMs;
    log.warn(`a client has ${max} ${what} at a time, as many as one may: more are refused; raise ${setting} if it is a proxy`, {
      address: plainAddress(address),
    });
  }
}
