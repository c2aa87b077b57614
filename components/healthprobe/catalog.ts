import type { HealthHandle, HealthKind, HealthStatus } from './index.ts';

/** Between two rounds of pings. */
export const pingEveryMs = 15_000;
/** A round that is later than this means that the event loop was blocked. */
const roundTooLateMs = 30_000;
/** Pings that fit into a mailbox. */
const mailboxSize = 2;
/** The entry that tells of the rounds themselves. */
const roundsName = 'healthcheck';

interface Entry {
  readonly kind: HealthKind;
  readonly name: string;
  waiting: number;
  isHealthy: boolean;
}

/** Which entries each question is about. */
const counting: Readonly<Record<HealthKind, readonly HealthKind[]>> = {
  liveness: ['liveness'],
  readiness: ['liveness', 'readiness'],
  startup: ['startup'],
};

/** Who is to be asked for its health, and who has answered. */
export class HealthCatalog {
  readonly #now: () => number;
  readonly #entries = new Set<Entry>();
  #lastRound: number;
  #wasLate = false;

  /** @param now milliseconds that never go back */
  constructor(now: () => number) {
    this.#now = now;
    this.#lastRound = now();
  }

  register(kind: HealthKind, name: string): HealthHandle {
    const entry: Entry = { kind, name, waiting: mailboxSize, isHealthy: false };
    this.#entries.add(entry);
    return {
      taken: () => {
        entry.waiting = 0;
        entry.isHealthy = true;
      },
      deregister: () => void this.#entries.delete(entry),
    };
  }

  /** The rounds begin (again): what was before does not count as a delay. */
  begin(): void {
    this.#lastRound = this.#now();
    this.#wasLate = false;
  }

  /** One round: a ping for everybody who has room for it. */
  ping(): void {
    // The timer runs first when a blocked loop comes free, so the probe would never see a late round: it is remembered until the next.
    this.#wasLate = this.#isLate();
    this.#lastRound = this.#now();
    for (const entry of this.#entries) {
      const hasRoom = entry.waiting < mailboxSize;
      if (hasRoom) entry.waiting += 1;
      entry.isHealthy = hasRoom || (entry.kind === 'startup' && entry.isHealthy);
    }
  }

  status(kind: HealthKind): HealthStatus {
    const entries = [...this.#entries].filter((entry) => counting[kind].includes(entry.kind));
    if (entries.length === 0) return { healthy: [], unhealthy: [] };
    const all = [{ name: roundsName, isHealthy: !this.#wasLate && !this.#isLate() }, ...entries];
    const names = (wanted: boolean): string[] => all.filter(({ isHealthy }) => isHealthy === wanted).map(({ name }) => name);
    return { healthy: names(true), unhealthy: names(false) };
  }

  #isLate(): boolean {
    return this.#now() - this.#lastRound > roundTooLateMs;
  }
}
