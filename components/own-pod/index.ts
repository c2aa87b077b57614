import { token } from '../../src/fx/index.ts';

export { ownPodSettings } from './settings.ts';

/** The pod that this process runs in. */
export interface OwnPod {
  /** `DD_POD_NAME`, or the host's name: a pod's host has the name of the pod, unless it shares the node's network. */
  readonly name: string;
  /** `POD_NAMESPACE`, as client-go reads it, or the namespace of the pod's service account; `default` where neither is known. */
  namespace(): Promise<string>;
  /** Where the agent keeps its own objects: `kube_resources_namespace`, or the namespace of the pod. */
  resourcesNamespace(): Promise<string>;
}
export const OwnPod = token<OwnPod>()('own-pod');
