import { supply, type Component } from '../../src/fx/index.ts';
import { LeaderElection, type Leader } from './index.ts';

/** An election whose winner the test decides. */
export interface FakeElection extends LeaderElection {
  /** This replica leads from now on, or another one does, or nobody. Tells subscribers of what changes for them. */
  elect(leader: Leader, address?: string): void;
}

/** @param leader who leads at first. Default: this replica */
export function fakeElection(leader: Leader = { kind: 'self' }): FakeElection {
  let now = leader;
  let addressNow: string | undefined;
  const listeners = new Set<(isLeader: boolean) => void>();
  const isLeader = (): boolean => now.kind === 'self';
  return {
    identity: 'agent-0',
    isLeader,
    leader: () => now,
    leaderAddress: () => Promise.resolve(addressNow),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    elect(next, address) {
      const wasLeader = isLeader();
      now = next;
      addressNow = address;
      if (isLeader() !== wasLeader) for (const listener of listeners) listener(isLeader());
    },
  };
}

/** The same as a component. */
export function fakeLeaderElection(election: FakeElection = fakeElection()): Component<'leader-election', never> {
  return supply(LeaderElection, election);
}
