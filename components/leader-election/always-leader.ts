import { component } from '../../src/fx/index.ts';
import { OwnPod } from '../own-pod/index.ts';
import { LeaderElection, leaderElectionSettings } from './index.ts';

/** Exactly where the condition that a setting is on does not hold. */
const off = (value: unknown): boolean => !value || value === 'false';

/** The only replica, which leads without asking anybody. */
export const alwaysLeader = component({
  name: 'leader-election',
  provides: LeaderElection,
  requires: { pod: OwnPod },
  when: { setting: leaderElectionSettings.enabled.key, is: off },
  create: ({ pod }): LeaderElection => ({
    identity: pod.name,
    isLeader: () => true,
    leader: () => ({ kind: 'self' }),
    leaderAddress: () => Promise.resolve(undefined),
    subscribe: () => () => {},
  }),
});
