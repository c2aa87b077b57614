import { setting, type } from '../config/index.ts';

export const leaderForwarderSettings = {
  connectionsMax: setting('cluster_agent.max_leader_connections', {
    type: type.integer,
    default: 100,
    description: 'connections that a follower opens to the leader at most',
  }),
};
