import { Clock, component, Jobs, many } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { Kubernetes } from '../kubernetes/index.ts';
import { Log } from '../log/index.ts';
import { OwnPod } from '../own-pod/index.ts';
import { Random } from '../random/index.ts';
import { StatusProvider } from '../status/index.ts';
import { Telemetry, type Gauge } from '../telemetry/index.ts';
import { electionStatus } from './election-status.ts';
import { Elector } from './elector.ts';
import { LeaderElection, leaderElectionSettings as settings, type Leader } from './index.ts';
import { LeaderAddress } from './leader-address.ts';
import { chooseLockKind, ensureConfigMap, lockOf, type Lock, type LockOptions } from './lock.ts';
import type { LeaderRecord } from './record.ts';

/** Replicas compete for a lock in the API server, from the start of the agent to its stop. */
export const lockElection = component({
  name: 'leader-election',
  provides: { election: LeaderElection, status: many(StatusProvider) },
  requires: {
    clock: Clock,
    config: Config,
    jobs: Jobs,
    kubernetes: Kubernetes,
    log: Log,
    pod: OwnPod,
    random: Random,
    telemetry: Telemetry,
  },
  when: settings.enabled.key,
  create: ({ jobs, ...surroundings }) => {
    const election = new LockElection(surroundings);
    jobs.oneShot({ name: 'leader-election', run: (signal) => election.run(signal) });
    return { election, status: electionStatus(() => election.record()) };
  },
});

interface Surroundings {
  readonly clock: Clock;
  readonly config: Config;
  readonly kubernetes: Kubernetes;
  readonly log: Log;
  readonly pod: OwnPod;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

/** What is known once the election runs. */
interface Contest {
  readonly lock: Lock;
  readonly elector: Elector;
  readonly address: LeaderAddress;
}

const defaultLeaseSeconds = 60;
/** Milliseconds; the status page does not wait for more than 5 s, and is to show why there is no record. */
const recordTimeoutMs = 3000;

class LockElection implements LeaderElection {
  readonly identity: string;
  readonly #surroundings: Surroundings;
  readonly #gauge: Gauge<'join_leader' | 'is_leader'>;
  readonly #listeners = new Set<(isLeader: boolean) => void>();
  #contest: Contest | undefined;
  /** The message of the last failed attempt; `undefined` while they succeed. */
  #lastFailure: unknown;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.identity = surroundings.pod.name;
    this.#gauge = surroundings.telemetry.gauge({
      subsystem: 'leader_election',
      name: 'is_leader',
      labels: ['join_leader', 'is_leader'],
      help: 'The label is_leader is true if the reporting pod is leader, and equals false otherwise',
    });
  }

  isLeader(): boolean {
    return this.#contest?.elector.isLeader() ?? false;
  }

  leader(): Leader {
    return this.#contest?.elector.leader() ?? { kind: 'unknown' };
  }

  async leaderAddress(signal?: AbortSignal): Promise<string | undefined> {
    signal?.throwIfAborted();
    const leader = this.leader();
    if (leader.kind !== 'other') return undefined;
    const address = await this.#contest?.address.of(leader.identity);
    signal?.throwIfAborted();
    return address;
  }

  subscribe(listener: (isLeader: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The record as it stands in the lock now. @throws Error when there is none */
  async record(): Promise<LeaderRecord> {
    if (this.#contest === undefined) throw new Error('the election has not begun');
    const { record } = await this.#contest.lock.read({ timeoutMs: recordTimeoutMs, retriesMax: 0 });
    if (record === undefined) throw new Error('entity not found');
    return record;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#report(false);
    this.#contest = await this.#prepare(signal);
    await this.#contest.elector.run(signal);
  }

  async #prepare(signal: AbortSignal): Promise<Contest> {
    const { clock, config, kubernetes: client, log, pod, random } = this.#surroundings;
    const namespace = await pod.resourcesNamespace();
    const at: LockOptions = { client, namespace, name: config.get(settings.lockName) };
    const kind = await chooseLockKind(config.get(settings.lockKind), this.#surroundings, signal);
    if (kind === 'lease') await this.#ensureConfigMap(at, signal);
    const lock = lockOf(kind, at);
    const seconds = config.get(settings.leaseDuration);
    const elector = new Elector({
      identity: this.identity,
      lock,
      leaseDurationSeconds: seconds > 0 ? seconds : defaultLeaseSeconds,
      releaseOnStop: config.get(settings.releaseOnStop),
      clock,
      random,
      changed: (isLeader) => this.#changed(isLeader),
      holderChanged: (leader) =>
        log.info(leader === '' ? 'the leader has given up the lock' : 'new leader', leader === '' ? {} : { leader }),
      failed: (error) => this.#failed(error),
    });
    log.info('competing for leadership', { identity: this.identity, lock: `${kind} ${namespace}/${at.name}` });
    const useEndpointSlices = config.get(settings.useEndpointSlices);
    return {
      lock,
      elector,
      address: new LeaderAddress({ client, clock, namespace, service: config.get(settings.service), useEndpointSlices }),
    };
  }

  /** The Go agent has one beside its Lease too; the election itself does not need it. */
  async #ensureConfigMap(at: LockOptions, signal: AbortSignal): Promise<void> {
    await ensureConfigMap(at, { signal, retriesMax: 0 }).catch((error: unknown) => {
      this.#surroundings.log.warn('no ConfigMap could be made beside the Lease; the election goes on without it', { error });
    });
  }

  #changed(isLeader: boolean): void {
    const { log } = this.#surroundings;
    log.info(isLeader ? 'started leading' : 'stopped leading', { identity: this.identity });
    this.#report(isLeader);
    for (const listener of this.#listeners) {
      try {
        listener(isLeader);
      } catch (error) {
        log.error('a subscriber to leadership failed', { error });
      }
    }
  }

  /** One series at a time: the one that holds. */
  #report(isLeader: boolean): void {
    this.#gauge.remove({ join_leader: 'true', is_leader: String(!isLeader) });
    this.#gauge.set({ join_leader: 'true', is_leader: String(isLeader) }, 1);
  }

  /** The same failure is a warning once; attempts come every few seconds. */
  #failed(error: unknown): void {
    const { log } = this.#surroundings;
    const failure = error instanceof Error ? error.message : error;
    if (failure === undefined) log.info('the lock of the leader election can be reached again');
    else if (failure !== this.#lastFailure) log.warn('the lock of the leader election cannot be read or written; trying on', { error });
    this.#lastFailure = failure;
  }
}
