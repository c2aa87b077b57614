import { component } from '../../src/fx/index.ts';
import { hasReason, Kubernetes, KubernetesError, type CallOptions, type KubeObject } from '../kubernetes/index.ts';
import { Log } from '../log/index.ts';
import { OwnPod } from '../own-pod/index.ts';
import { ClusterId } from './index.ts';

/** Keeps the id in a ConfigMap, where the Go agent keeps it: whoever comes first writes the UID of the namespace kube-system. */
export const configMapClusterId = component({
  provides: ClusterId,
  requires: { kubernetes: Kubernetes, log: Log, pod: OwnPod },
  create: (surroundings) => new ConfigMapClusterId(surroundings),
});

interface Surroundings {
  readonly kubernetes: Kubernetes;
  readonly log: Log;
  readonly pod: OwnPod;
}

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>> | null;
}

const configMaps = { group: '', version: 'v1', plural: 'configmaps', namespaced: true };
const namespaces = { group: '', version: 'v1', plural: 'namespaces', namespaced: false };
const name = 'datadog-cluster-id';
const idLength = 36;
/** For a busy API server: the id is written now or never. */
const writeRetriesMax = 10;
/** How often another may be faster before that is a failure. */
const racesMax = 3;

class ConfigMapClusterId implements ClusterId {
  readonly #surroundings: Surroundings;
  #known: string | undefined;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  async get(signal?: AbortSignal): Promise<string> {
    if (this.#known !== undefined) return this.#known;
    const namespace = await this.#surroundings.pod.namespace();
    try {
      this.#known = await this.#find(namespace, signal === undefined ? {} : { signal });
      return this.#known;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const need = `it is in the ConfigMap ${namespace}/${name}, which the agent gets, creates and updates, and comes from the namespace kube-system, which it gets`;
      throw new Error(`the cluster id is not known: ${why} (${need})`, { cause });
    }
  }

  async #find(namespace: string, options: CallOptions): Promise<string> {
    for (let race = 1; ; race += 1) {
      const map = await this.#read(namespace, options);
      const id = map?.data?.['id'];
      if (id !== undefined && Buffer.byteLength(id) === idLength) return id;
      const uid = await this.#kubeSystemUid(options);
      try {
        await this.#write(map, { namespace, uid }, { ...options, retriesMax: writeRetriesMax });
        return uid;
      } catch (error) {
        const isRace = hasReason(error, 'AlreadyExists', 'Conflict', 'NotFound') && race < racesMax;
        if (isRace) continue;
        if (!(error instanceof KubernetesError)) throw error;
        // Nobody would write anything else, so it is the id all the same.
        this.#surroundings.log.warn('the cluster id cannot be written down for others', { configMap: `${namespace}/${name}`, error });
        return uid;
      }
    }
  }

  async #read(namespace: string, options: CallOptions): Promise<ConfigMap | undefined> {
    try {
      return await this.#surroundings.kubernetes.get<ConfigMap>({ resource: configMaps, namespace, name }, options);
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  async #write(map: ConfigMap | undefined, { namespace, uid }: { namespace: string; uid: string }, options: CallOptions): Promise<void> {
    const { kubernetes } = this.#surroundings;
    const target = { resource: configMaps, namespace, name };
    const object = map ?? { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } };
    const next = { ...object, data: { ...map?.data, id: uid } };
    await (map === undefined ? kubernetes.create(target, next, options) : kubernetes.replace(target, next, options));
  }

  async #kubeSystemUid(options: CallOptions): Promise<string> {
    // What answers may be no API server: a proxy, or another program on its port.
    const { metadata } = await this.#surroundings.kubernetes.get<Partial<KubeObject>>(
      { resource: namespaces, name: 'kube-system' },
      options,
    );
    if (metadata?.uid === undefined) throw new Error('the namespace kube-system has no UID');
    return metadata.uid;
  }
}
