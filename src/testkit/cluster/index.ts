export { type Cluster, type ClusterClient, type ClusterOptions, type Identity, startCluster } from './start.ts';
export type { ActiveFault, Fault, FaultEffect, FaultTarget, Faults, RequestFacts } from './faults.ts';
export type { Json, JsonObject, KubeObject, ObjectMeta } from './json.ts';
