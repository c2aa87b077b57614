import type { Row } from '../bench.ts';
import { median, medianRatio } from '../statistics.ts';
import { grpcLoad, type Load, restLoad } from './load.ts';
import { type Running, serve } from './process.ts';
import type { Server } from './servers.ts';

interface RateCase {
  readonly name: string;
  readonly unit: string;
  /** Whom the agent's server is compared with, and the least that it may reach of it. */
  readonly baseline: Server;
  readonly least: number;
  readonly load: (port: number) => Promise<Load>;
}

export const rateCases: readonly RateCase[] = [
  { name: 'rest', unit: 'req/s', baseline: 'koa', least: 0.9, load: restLoad },
  { name: 'grpc', unit: 'calls/s', baseline: 'nice-grpc', least: 0.95, load: grpcLoad },
];

const warmUpMs = 1000;
const turnMs = 250;
const turns = 12;

interface Sample {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

/**
 * Every round has both servers in new processes, and loads one or the other in short turns: what slows the machine down then slows both.
 */
export async function ratesOf({ name, unit, baseline, least, load }: RateCase, rounds: number): Promise<Row[]> {
  const samples: { readonly peer: Sample; readonly own: Sample }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await using peer = await Loaded.serve(baseline, load);
    await using own = await Loaded.serve('armature', load);
    for (const each of [peer, own]) await each.warmUp();
    for (let turn = 0; turn < turns; turn += 1) for (const each of turn % 2 === 0 ? [peer, own] : [own, peer]) await each.turn();
    samples.push({ peer: peer.sample(), own: own.sample() });
  }
  const [peers, owns] = [samples.map(({ peer }) => peer), samples.map(({ own }) => own)];
  const ratio = medianRatio(owns.map(perSecond), peers.map(perSecond));
  const row = (subject: Server, of: readonly Sample[]): Row => {
    const note = `${median(of.map(({ cpuMicros }) => cpuMicros)).toFixed(0)} µs of CPU each`;
    return { case: name, subject, value: median(of.map(perSecond)), unit, note };
  };
  return [row(baseline, peers), { ...row('armature', owns), ratio, bar: `at least ${least} x`, pass: ratio >= least }];
}

const perSecond = ({ perSecond: value }: Sample): number => value;

/** A server and its load, with what they have done in their turns. */
class Loaded {
  readonly #server: Running;
  readonly #load: Load;
  #answers = 0;
  #ms = 0;
  #cpuMicros = 0;

  private constructor(server: Running, load: Load) {
    this.#server = server;
    this.#load = load;
  }

  static async serve(name: Server, load: RateCase['load']): Promise<Loaded> {
    const server = await serve(name);
    return new Loaded(server, await load(server.port));
  }

  async warmUp(): Promise<void> {
    await this.#load.run(warmUpMs);
  }

  async turn(): Promise<void> {
    const before = await this.#server.cpuMicros();
    const { answers, ms } = await this.#load.run(turnMs);
    this.#cpuMicros += (await this.#server.cpuMicros()) - before;
    this.#answers += answers;
    this.#ms += ms;
  }

  sample(): Sample {
    return { perSecond: (this.#answers / this.#ms) * 1000, cpuMicros: this.#cpuMicros / this.#answers };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#load.close();
    await this.#server[Symbol.asyncDispose]();
  }
}
