import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { settingsFor } from '../../external-metrics/agent.ts';
import type { Agent } from './agent.ts';
import type { Load, LoadOptions } from './load.ts';
import { besides, startPart, type Part, type Remote } from './process.ts';
import type { Readers, World } from './world.ts';

export interface StandOptions {
  readonly metrics: number;
  readonly refreshSeconds: number;
}

/** An agent that has a valid value of every metric, with its cluster and its Datadog. */
export class Stand implements AsyncDisposable {
  readonly world: Remote<World>;
  readonly agent: Remote<Agent>;
  readonly #metrics: number;
  readonly #opened: AsyncDisposableStack;

  private constructor(parts: { world: Part<World>; agent: Part<Agent>; metrics: number; opened: AsyncDisposableStack }) {
    this.world = parts.world.ask;
    this.agent = parts.agent.ask;
    this.#metrics = parts.metrics;
    this.#opened = parts.opened;
  }

  static async start({ metrics, refreshSeconds }: StandOptions): Promise<Stand> {
    await using opening = new AsyncDisposableStack();
    const folder = opening.adopt(await mkdtemp(join(tmpdir(), 'external-metrics-bench-')), (each) => rm(each, { recursive: true }));
    const world = opening.use(await startPart<World>(import.meta.resolve('./world.ts'), { metrics }, besides));
    const { kubeconfig, datadog: url, apiKey, appKey } = await world.ask.access();
    const path = join(folder, 'kubeconfig');
    await writeFile(path, kubeconfig, { mode: 0o600 });
    const settings = {
      ...settingsFor({ url, apiKey, appKey }, { port: 0, certDir: folder }),
      'external_metrics_provider.refresh_period': refreshSeconds,
      kubernetes_kubeconfig_path: path,
      leader_election: false,
    };
    const agent = opening.use(await startPart<Agent>(import.meta.resolve('./agent.ts'), settings, shipped));
    const stand = new Stand({ world, agent, metrics, opened: opening.move() });
    await stand.#until(async () => (await stand.agent.port()) > 0 && (await stand.agent.valid()).count === metrics);
    await stand.quiet();
    return stand;
  }

  /** Reads by a user, of the agent or of what listens on another port. */
  async load(by: keyof Readers, port?: number): Promise<Part<Load>> {
    const { proxy, readers } = await this.world.access();
    const options: LoadOptions = { port: port ?? (await this.agent.port()), proxy, metrics: this.#metrics, reader: readers[by] };
    return startPart<Load>(import.meta.resolve('./load.ts'), options, besides);
  }

  /** From the end of a refresh to the end of the next: requests to Datadog and writes of a status. */
  async refresh(): Promise<{ readonly queries: number; readonly writes: number }> {
    const before = await this.world.counts();
    await this.#until(async () => (await this.world.counts()).queries > before.queries);
    await this.quiet();
    const { queries, writes } = await this.world.counts();
    return { queries: queries - before.queries, writes: writes - before.writes };
  }

  /** Waits until nothing has been asked or written for a while: queries fill four fifths of a period. */
  async quiet(): Promise<void> {
    for (let last = ''; ;) {
      const now = JSON.stringify(await this.world.counts());
      if (now === last) return;
      last = now;
      await sleep(quietMs);
    }
  }

  async #until(holds: () => Promise<boolean>): Promise<void> {
    for (const giveUpAt = performance.now() + patienceMs; !(await holds()); await sleep(100))
      if (performance.now() > giveUpAt) throw new Error(`the agent has no value of every metric after ${patienceMs / 1000} s`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }
}

/** What the image gives Node. */
const shipped = ['--max-semi-space-size=8'];
const quietMs = 1500;
const patienceMs = 120_000;
