import { setting, type } from '../config/index.ts';

export const ownPodSettings = {
  resourcesNamespace: setting('kube_resources_namespace', {
    type: type.text,
    default: '',
    description: "Namespace of the objects that the agent keeps for itself. Empty: the agent's own.",
  }),
};
