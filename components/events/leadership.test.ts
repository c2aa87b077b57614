import { expect, it } from 'vitest';
import { supply } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { fakeElection, fakeLeaderElection } from '../leader-election/fake.ts';
import { OwnPod } from '../own-pod/index.ts';
import { fakeEventRecorder } from './fake.ts';
import type { KubernetesEvent } from './index.ts';
import { leadershipEvents } from './leadership.ts';

it.each([{ leads: true }, { leads: false }])('writes an event for each change, whether it leads already: $leads', async ({ leads }) => {
  const recorded: KubernetesEvent[] = [];
  const election = fakeElection(leads ? { kind: 'self' } : { kind: 'unknown' });
  // The lock and the objects of the agent may be elsewhere; the pod is where it is.
  const pod = supply(OwnPod, { name: 'agent-0', namespace: async () => 'datadog', resourcesNamespace: async () => 'elsewhere' });
  const list = [fakeLeaderElection(election), fakeEventRecorder(recorded), pod, leadershipEvents] as const;
  const tested = await testApp(list, { settings: () => true });
  expect(recorded.length).toBe(leads ? 1 : 0);
  election.elect({ kind: 'self' });
  election.elect({ kind: 'other', identity: 'agent-1' });
  await tested.stop();
  election.elect({ kind: 'self' });
  expect(recorded.map(({ reason, message }) => `${reason}: ${message}`)).toEqual([
    'LeaderElection: agent-0 became leader',
    'LeaderElection: agent-0 stopped leading',
  ]);
  expect(recorded[0]?.about).toEqual({ apiVersion: 'v1', kind: 'Pod', name: 'agent-0', namespace: 'datadog' });
});
