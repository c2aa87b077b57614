import { token } from '../../src/fx/index.ts';

export { leaderElectionSettings } from './settings.ts';

/** Who leads, as far as this replica knows. */
export type Leader = { readonly kind: 'self' } | { readonly kind: 'other'; readonly identity: string } | { readonly kind: 'unknown' };

/** One of the replicas leads; the others follow. */
export interface LeaderElection {
  /** This replica: `DD_POD_NAME`, or the host's name. */
  readonly identity: string;
  /** True only while the lock is held and its renewal is not overdue; without `leader_election` always true. */
  isLeader(): boolean;
  leader(): Leader;
  /** The leader's pod address, from the endpoints of the agent's service; `undefined` when nobody else leads or it is not known. @throws KubernetesError when they cannot be read */
  leaderAddress(signal?: AbortSignal): Promise<string | undefined>;
  /** Calls back on each gain and loss of leadership, in order, until the returned function is called. */
  subscribe(listener: (isLeader: boolean) => void): () => void;
}
export const LeaderElection = token<LeaderElection>()('leader-election');
