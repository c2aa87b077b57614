import { component, Jobs } from '../../src/fx/index.ts';
import { Healthprobe } from '../healthprobe/index.ts';
import { Kubernetes } from './index.ts';

/**
 * Keeps the agent unready until the API server has answered once.
 *
 * The Go agent waits for that in the middle of its start, and is neither ready nor anything else meanwhile. Here it is a
 * job: the rest of the agent starts, answers `/live`, `/status` and commands, and says what it is waiting for. An outage
 * later on does not make it unready: what it has cached is still worth serving.
 */
export const kubernetesReadiness = component({
  name: 'kubernetes-readiness',
  requires: { kubernetes: Kubernetes, healthprobe: Healthprobe, jobs: Jobs },
  create({ kubernetes, healthprobe, jobs }) {
    const health = healthprobe.register('readiness', 'kubernetes-apiserver');
    jobs.oneShot({
      name: 'wait for the API server',
      run: async (signal) => {
        await kubernetes.waitForApi(signal);
        health.deregister();
      },
    });
  },
});
