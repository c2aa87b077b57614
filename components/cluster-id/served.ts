import { component, Jobs, many } from '../../src/fx/index.ts';
import { Route, RouteError } from '../api-server/index.ts';
import { Log } from '../log/index.ts';
import { ClusterId, ClusterName } from './index.ts';

/**
 * Finds out which cluster this is as soon as the API server can be asked, and answers node agents that ask the same.
 * Nothing waits for it: it is tried again until it is known, and whoever asks before that asks the API server.
 */
export const servedClusterId = component({
  name: 'served-cluster-id',
  provides: many(Route),
  requires: { id: ClusterId, name: ClusterName, log: Log, jobs: Jobs },
  create({ id, name, log, jobs }): Route {
    let isWarned = false;
    jobs.oneShot({
      name: 'know the cluster',
      run: async (signal) => {
        const clusterName = await name.get();
        if (clusterName === '' && !isWarned)
          log.warn('Failed to auto-detect a Kubernetes cluster name. We recommend you set it manually via the cluster_name config option');
        isWarned = true;
        const clusterId = await id.get(signal).catch((cause: unknown) => {
          throw new Error(`Failed to generate or retrieve the cluster ID, err: ${messageOf(cause)}`, { cause });
        });
        log.info(`Cluster ID: ${clusterId}, Cluster Name: ${clusterName}`);
      },
    });
    return {
      method: 'GET',
      path: '/api/v1/cluster/id',
      access: 'cluster-agent',
      handlerName: 'getClusterID',
      handle: async ({ signal }) => {
        const clusterId = await id.get(signal).catch((error: unknown) => {
          throw new RouteError(500, messageOf(error));
        });
        return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(clusterId) };
      },
    };
  },
});

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
