import type { V1Pod } from '@kubernetes/client-node';
import type { InformerOptions, Informers, KubeObject } from '../../../components/kubernetes/index.ts';

/** A cache of all pods that is followed until the process ends. */
export interface Following {
  /** Calls back for each change after the first list. */
  onChange(listener: () => void): void;
  size(): number;
}

type Shared = InstanceType<typeof Informers>;
export type Subject = 'armature' | 'client-node';

/** Begins to follow; resolves when the first list is in the cache. */
type Follow = (server: { readonly url: string; readonly ca: string }) => Promise<Following>;

export const subjects: Readonly<Record<Subject, () => Promise<Follow>>> = {
  armature: async () => {
    const [{ app, invoke }, { Informers }, { informers }, { kubernetesAs }] = await Promise.all([
      import('../../../src/fx/index.ts'),
      import('../../../components/kubernetes/index.ts'),
      import('../../../components/kubernetes/informers.ts'),
      import('../../kubernetes/support.ts'),
    ]);
    return async (server) => {
      const followed = Promise.withResolvers<Shared>();
      await app([...kubernetesAs(server), informers, invoke({ all: Informers }, ({ all }) => followed.resolve(all))]).start();
      const informer = (await followed.promise).informer(slimPods);
      await informer.synced(new AbortController().signal);
      return { onChange: (listener) => void informer.handle({ updated: listener }), size: () => informer.size };
    };
  },
  'client-node': async () => {
    const { CoreV1Api, KubeConfig, makeInformer } = await import('@kubernetes/client-node');
    return async ({ url, ca }) => {
      const config = new KubeConfig();
      config.loadFromOptions({
        clusters: [{ name: 'bench', server: url, caData: Buffer.from(ca).toString('base64') }],
        users: [{ name: 'bench' }],
        contexts: [{ name: 'bench', cluster: 'bench', user: 'bench' }],
        currentContext: 'bench',
      });
      const api = config.makeApiClient(CoreV1Api);
      const informer = makeInformer<V1Pod>(config, '/api/v1/pods', () => api.listPodForAllNamespaces());
      const failed = new Promise<never>((_, reject) => informer.on('error', reject));
      await Promise.race([informer.start(), failed]);
      return { onChange: (listener) => informer.on('update', listener), size: () => informer.list().length };
    };
  },
};

/** What the cluster agent's workloadmeta keeps of a pod. */
const slimPods: InformerOptions<unknown> = {
  resource: { group: '', version: 'v1', plural: 'pods', namespaced: true },
  transform: (pod: KubeObject) => {
    const { metadata, spec, status } = pod as KubeObject & Pick<Required<V1Pod>, 'spec' | 'status'>;
    return {
      namespace: metadata.namespace,
      name: metadata.name,
      uid: metadata.uid,
      labels: metadata.labels,
      annotations: metadata.annotations,
      owners: metadata.ownerReferences?.map(({ kind, name, uid }) => ({ kind, name, uid })),
      node: spec.nodeName,
      priorityClass: spec.priorityClassName,
      phase: status.phase,
      ip: status.podIP,
      qosClass: status.qosClass,
    };
  },
};
