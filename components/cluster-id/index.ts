import { token } from '../../src/fx/index.ts';

export { clusterNameSettings } from './settings.ts';

/** The UID that names this cluster: 36 characters, the same for every agent in it. */
export interface ClusterId {
  /** Reads it, and writes it first where it is missing. @throws Error that says why it cannot be known */
  get(signal?: AbortSignal): Promise<string>;
}
export const ClusterId = token<ClusterId>()('cluster-id');

/** The cluster's name as tags carry it; empty when nobody knows one. */
export interface ClusterName {
  get(): Promise<string>;
}
export const ClusterName = token<ClusterName>()('cluster-name');
