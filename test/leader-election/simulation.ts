import { Elector } from '../../components/leader-election/elector.ts';
import { lockOf, type Lock } from '../../components/leader-election/lock.ts';
import type { Clock } from '../../src/fx/index.ts';
import { clientOf, Store, type Fate } from './network.ts';
import { Dice, Machine, World } from './world.ts';

/** A replica that is made wrong on purpose, so that a test can show that it is found out. */
export interface Mutant {
  readonly lock?: (lock: Lock, clock: Clock) => Lock;
  readonly clock?: (machine: Machine) => Clock;
  /** What it believes, given what it was last told of its leadership. */
  readonly isLeader?: (elector: Elector, told: boolean) => boolean;
}

/** What happened in a simulation, so that a test can tell that it was not idle. */
export type Tally = Record<Fate | 'gained' | 'lost leadership' | 'paused' | 'cut off' | 'stopped' | 'crashed' | 'clock stepped', number>;

/** A process of one replica: dies with its machine, leaves its identity to the next. */
interface Life {
  readonly machine: Machine;
  readonly elector: Elector;
  readonly controller: AbortController;
  readonly ended: Promise<void>;
  isLeader(): boolean;
}

class Replica {
  readonly identity: string;
  life: Life;
  cutOffUntil = -1;
  readonly #simulation: Simulation;

  constructor(simulation: Simulation, identity: string) {
    this.identity = identity;
    this.#simulation = simulation;
    this.life = simulation.live(this);
  }

  isLeader(): boolean {
    return !this.life.machine.isDead && this.life.isLeader();
  }

  restart(): void {
    this.life.machine.isDead = true;
    this.life = this.#simulation.live(this);
  }
}

class Simulation {
  readonly tally: Partial<Tally> = {};
  readonly #seed: number;
  readonly #mutant: Mutant;
  readonly #dice: Dice;
  readonly #world = new World();
  readonly #store = new Store();
  readonly #leaseSeconds: number;
  readonly #kind: 'configmap' | 'lease';
  readonly #trouble: number;
  readonly #rates: readonly [slowest: number, fastest: number];
  readonly #replicas: readonly Replica[];
  /** When the last fault is over. */
  readonly #calmAfter: number;
  #firstCalmLeader: number | undefined;
  #violation: Error | undefined;

  constructor(seed: number, mutant: Mutant = {}) {
    this.#seed = seed;
    this.#mutant = mutant;
    this.#dice = new Dice(seed);
    this.#leaseSeconds = this.#dice.pick(15, 30, 60);
    this.#kind = this.#dice.pick('configmap', 'lease');
    this.#trouble = this.#dice.pick(0, 0.1, 0.4);
    this.#rates = this.#dice.pick([1, 1], [0.999, 1.001], [0.75, 1.45]);
    this.#calmAfter = this.#leaseSeconds * 1000 * 10;
    this.#replicas = ['agent-a', 'agent-b', 'agent-c'].map((identity) => new Replica(this, identity));
    for (const replica of this.#replicas) this.#plan(replica);
  }

  /** @throws Error naming the seed when two lead at one instant, or nobody does long after the last fault */
  async run(): Promise<void> {
    const leaseMs = this.#leaseSeconds * 1000;
    await this.#world.run(this.#calmAfter + 4 * leaseMs, () => this.#judge());
    if (this.#violation !== undefined) throw this.#violation;
    const idleMs = (this.#firstCalmLeader ?? Infinity) - this.#calmAfter;
    if (idleMs > 3.5 * leaseMs) throw this.#error(`nobody led for ${idleMs} ms after the last fault`);
    if (this.#replicas.filter((each) => each.isLeader()).length !== 1) throw this.#error('leadership was not stable without faults');
    for (const { life } of this.#replicas) life.controller.abort(new Error('the simulation is over'));
    await this.#world.run(this.#world.now + leaseMs, () => this.#judge());
    await Promise.all(this.#replicas.map(({ life }) => life.ended));
    if (this.#replicas.some((each) => each.isLeader())) throw this.#error('somebody led after the end');
  }

  /** Boots a machine for a replica, and its elector on it. */
  live(replica: Replica): Life {
    const dice = this.#dice;
    const machine = new Machine(this.#world, {
      rate: dice.between(...this.#rates),
      skewMs: dice.between(-30_000, 30_000),
      offset: dice.between(0, 1e6),
    });
    const client = clientOf(this.#store, machine, {
      world: this.#world,
      dice,
      calmAfter: this.#calmAfter,
      trouble: () => (this.#world.now < this.#calmAfter ? this.#trouble : 0),
      isCutOff: () => this.#world.now < replica.cutOffUntil,
      count: (fate) => this.#count(fate),
    });
    const { lock: mutateLock, clock: mutateClock, isLeader } = this.#mutant;
    const clock = mutateClock?.(machine) ?? machine.clock;
    const lock = lockOf(this.#kind, { client, namespace: 'default', name: 'lock' });
    let told = false;
    const elector = new Elector({
      identity: replica.identity,
      lock: mutateLock?.(lock, machine.clock) ?? lock,
      clock,
      random: dice,
      leaseDurationSeconds: this.#leaseSeconds,
      releaseOnStop: dice.chance(0.8),
      changed: (gained) => {
        told = gained;
        this.#count(gained ? 'gained' : 'lost leadership');
        this.#judge();
      },
      holderChanged: () => {},
      failed: () => {},
    });
    const controller = new AbortController();
    const ended = elector.run(controller.signal);
    return { machine, elector, controller, ended, isLeader: () => isLeader?.(elector, told) ?? elector.isLeader() };
  }

  /** Faults of one replica: at random times, all over before it is calm. */
  #plan(replica: Replica): void {
    const dice = this.#dice;
    for (let at = dice.between(0, 60_000); at < this.#calmAfter; at += dice.between(5000, 180_000)) {
      const until = Math.min(this.#calmAfter, at + dice.between(0, 120_000));
      this.#world.at(at, () => this.#afflict(replica, until));
    }
  }

  #afflict(replica: Replica, until: number): void {
    const { machine, controller } = replica.life;
    const fault = this.#dice.pick('paused', 'paused', 'paused', 'cut off', 'cut off', 'stopped', 'crashed', 'clock stepped', 'touched');
    if (machine.isDead || machine.pausedAt !== undefined) return;
    if (fault === 'touched') return this.#touch();
    this.#count(fault);
    switch (fault) {
      case 'paused':
        machine.pause();
        return this.#world.at(until, () => machine.resume(this.#dice.chance(0.5)));
      case 'cut off':
        replica.cutOffUntil = Math.max(replica.cutOffUntil, until);
        return;
      case 'stopped':
        controller.abort(new Error('stopped'));
        return this.#world.at(until, () => replica.restart());
      case 'crashed':
        machine.isDead = true;
        return this.#world.at(until, () => replica.restart());
      case 'clock stepped':
        machine.skewMs = this.#dice.between(-30_000, 30_000);
    }
  }

  /** Somebody else writes the object, for reasons of his own. */
  #touch(): void {
    const { object } = this.#store;
    if (object === undefined) return;
    this.#store.replace({ ...object, metadata: { ...object.metadata, labels: { touched: String(this.#world.now) } } });
  }

  /** Leadership begins when something happens and ends by itself, so two can overlap only where this looks. */
  #judge(): void {
    let leader: Replica | undefined;
    for (const replica of this.#replicas ?? []) {
      if (!replica.isLeader()) continue;
      if (leader !== undefined) this.#violation ??= this.#error(`${leader.identity} and ${replica.identity} lead at one instant`);
      leader = replica;
    }
    if (leader !== undefined && this.#world.now >= this.#calmAfter) this.#firstCalmLeader ??= this.#world.now;
  }

  #error(what: string): Error {
    return new Error(`seed ${this.#seed}: ${what}, at ${this.#world.now} ms of a ${this.#kind} lock of ${this.#leaseSeconds} s`);
  }

  #count(what: keyof Tally): void {
    this.tally[what] = (this.tally[what] ?? 0) + 1;
  }
}

/** Runs a simulation for each seed, some at a time. @returns what happened in all of them together */
export async function simulate(seeds: readonly number[], mutant?: Mutant): Promise<Partial<Tally>> {
  const total: Partial<Tally> = {};
  const waiting = [...seeds];
  const worker = async (): Promise<void> => {
    for (let seed = waiting.pop(); seed !== undefined; seed = waiting.pop()) {
      const simulation = new Simulation(seed, mutant);
      await simulation.run().catch((error: unknown) => {
        waiting.length = 0; // one is enough: the others need not begin
        throw error;
      });
      for (const [what, count] of Object.entries(simulation.tally) as [keyof Tally, number][]) total[what] = (total[what] ?? 0) + count;
    }
  };
  await Promise.all(Array.from({ length: 64 }, worker));
  return total;
}
