import { component, Lifecycle } from '../../src/fx/index.ts';
import { LeaderElection, leaderElectionSettings } from '../leader-election/index.ts';
import { OwnPod } from '../own-pod/index.ts';
import { EventRecorder } from './index.ts';

/** An event of the own pod for each gain and loss of leadership, in client-go's words, so that `kubectl get events` tells who led when. */
export const leadershipEvents = component({
  name: 'leadership-events',
  requires: { election: LeaderElection, recorder: EventRecorder, pod: OwnPod, lifecycle: Lifecycle },
  when: leaderElectionSettings.enabled.key,
  create({ election, recorder, pod, lifecycle }) {
    let unsubscribe: (() => void) | undefined;
    lifecycle.append({
      name: 'watch leadership',
      start: async () => {
        const about = { apiVersion: 'v1', kind: 'Pod', name: pod.name, namespace: await pod.namespace() };
        const tell = (isLeader: boolean): void => {
          const message = `${election.identity} ${isLeader ? 'became leader' : 'stopped leading'}`;
          recorder.record({ about, type: 'Normal', reason: 'LeaderElection', message });
        };
        unsubscribe = election.subscribe(tell);
        // The election has begun before this could listen.
        if (election.isLeader()) tell(true);
      },
      stop: () => unsubscribe?.(),
    });
  },
});
