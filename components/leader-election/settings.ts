import { setting, type } from '../config/index.ts';

export const leaderElectionSettings = {
  enabled: setting('leader_election', {
    type: type.boolean,
    default: false,
    description: 'Whether replicas elect a leader. Off: this replica takes itself for the only one, and leads.',
  }),
  lockName: setting('leader_lease_name', {
    type: type.text,
    default: 'datadog-leader-election',
    description: 'Name of the object that replicas compete for.',
  }),
  leaseDuration: setting('leader_lease_duration', {
    type: type.integer,
    default: 60,
    description: 'Seconds that a leader may stay silent before another replica takes over. 0 or less means 60.',
  }),
  lockKind: setting('leader_election_default_resource', {
    type: type.text,
    default: 'configmap',
    description: 'Kind of the lock: lease, configmap, or empty to take leases where the cluster has them.',
  }),
  releaseOnStop: setting('leader_election_release_on_shutdown', {
    type: type.boolean,
    default: true,
    description: 'Whether a leader that stops hands the lock back, so that the next need not wait until it expires.',
  }),
  service: setting('cluster_agent.kubernetes_service_name', {
    type: type.text,
    default: 'datadog-cluster-agent',
    description: "The agent's own service, in whose endpoints the leader's address is looked up.",
  }),
  useEndpointSlices: setting('kubernetes_use_endpoint_slices', {
    type: type.boolean,
    default: false,
    description: 'Whether addresses of services are read from EndpointSlices instead of Endpoints.',
  }),
};
