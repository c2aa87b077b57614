import { component, many } from '../../src/fx/index.ts';
import { Kubernetes } from '../kubernetes/index.ts';
import { DiagnoseSuite, type Diagnosis } from './index.ts';

const timeoutMs = 5000;

/** Whether the API server answers, and grants what was asked of it so far. */
export const kubernetesSuite = component({
  name: 'diagnose-kubernetes',
  provides: many(DiagnoseSuite),
  requires: { kubernetes: Kubernetes },
  create: ({ kubernetes }): DiagnoseSuite => ({
    name: 'connectivity-kubernetes-apiserver',
    run: async (signal) => [await reach(kubernetes, signal), rights(kubernetes)],
  }),
});

async function reach(kubernetes: Kubernetes, signal: AbortSignal): Promise<Diagnosis> {
  const name = 'Kubernetes API server';
  try {
    const { gitVersion } = await kubernetes.raw<{ gitVersion: string }>('/version', { signal, timeoutMs, retriesMax: 0 });
    return { name, result: 'success', diagnosis: `it answers, as version ${gitVersion}` };
  } catch (error) {
    const remediation = 'check kubernetes_kubeconfig_path, or the service account of the pod, and that the network lets the agent through';
    return { name, result: 'fail', diagnosis: messageOf(error), remediation };
  }
}

function rights({ denials }: Kubernetes): Diagnosis {
  const name = 'Rights in the cluster';
  if (denials.length === 0) return { name, result: 'success', diagnosis: 'nothing that was asked for so far has been denied' };
  const asked = denials.map(({ verb, resource, namespace }) => `${verb} ${resource}${namespace === undefined ? '' : ` in ${namespace}`}`);
  const remediation = 'add these verbs to the roles of the agent';
  return { name, result: 'warning', diagnosis: `RBAC denies: ${asked.join(', ')}`, remediation };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
