import { Clock, component, optional } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { Kubernetes, type KubeObject } from '../kubernetes/index.ts';
import { Log } from '../log/index.ts';
import { OwnPod } from '../own-pod/index.ts';
import { ClusterName, clusterNameSettings as settings } from './index.ts';

/** The name that the configuration gives, or a label of the node that this pod runs on. */
export const configuredClusterName = component({
  provides: ClusterName,
  requires: { clock: Clock, config: Config, kubernetes: optional(Kubernetes), log: Log, pod: OwnPod },
  create: (surroundings) => new ConfiguredClusterName(surroundings),
});

interface Surroundings {
  readonly clock: Clock;
  readonly config: Config;
  readonly kubernetes: Kubernetes | undefined;
  readonly log: Log;
  readonly pod: OwnPod;
}

type Labels = Readonly<Record<string, string>>;

/** Dot-separated labels, each of which begins with a letter: what GKE allows. */
const isName = /^(?:[a-z](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z](?:[a-z0-9-]*[a-z0-9])?$/;
/** It is a part of host names, which may have 255 characters, beside the name of a node. */
const nameMax = 79;

/** Says of a node, in Datadog's own words, which cluster it is in. */
const datadogLabel = 'ad.datadoghq.com/cluster-name';
/** Counts only where nothing else does. */
const eksctlLabel = 'alpha.eksctl.io/cluster-name';

const pods = { group: '', version: 'v1', plural: 'pods', namespaced: true };
const nodes = { group: '', version: 'v1', plural: 'nodes', namespaced: false };
/** The start of the agent must not wait long for a name; later there is another chance. Milliseconds. */
const lookup = { timeoutMs: 5000, retriesMax: 1 };
const askAgainMs = 60_000;

class ConfiguredClusterName implements ClusterName {
  readonly #surroundings: Surroundings;
  #configured: string | undefined;
  #labels: Promise<Labels | undefined> | undefined;
  #askAgainAt = Infinity;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  async get(): Promise<string> {
    const { config } = this.#surroundings;
    this.#configured ??= this.#readConfigured();
    const labels = (await this.#nodeLabels()) ?? {};
    const name = labels[config.get(settings.nodeLabel)] || labels[datadogLabel] || this.#configured || labels[eksctlLabel] || '';
    return config.get(settings.isRfc1123) ? name.replaceAll('_', '-') : name;
  }

  #readConfigured(): string {
    const { config, log } = this.#surroundings;
    const given = config.get(settings.name).trim();
    const name = given.toLowerCase();
    if (name === '') return '';
    if (name.length > nameMax || !isName.test(name)) {
      const rule = `at most ${nameMax} characters: labels separated by dots, each of lower-case letters, digits and hyphens, from a letter to a letter or digit`;
      log.warn('cluster_name is no valid name for a cluster and is ignored', { given, rule });
      return '';
    }
    if (name !== given) log.warn('cluster_name is taken in lower case', { given, name });
    return name;
  }

  /** Once, or again after a while where the API server could not be asked. */
  #nodeLabels(): Promise<Labels | undefined> {
    const { clock, log } = this.#surroundings;
    if (this.#labels !== undefined && clock.monotonic() < this.#askAgainAt) return this.#labels;
    this.#askAgainAt = Infinity;
    this.#labels = this.#readNodeLabels().catch((error: unknown) => {
      log.debug('the labels of the node are not known, so they cannot name the cluster', { error });
      this.#askAgainAt = clock.monotonic() + askAgainMs;
      return undefined;
    });
    return this.#labels;
  }

  async #readNodeLabels(): Promise<Labels | undefined> {
    const { kubernetes, pod } = this.#surroundings;
    if (kubernetes === undefined) return undefined;
    const target = { resource: pods, namespace: await pod.namespace(), name: pod.name };
    const { spec } = await kubernetes.get<KubeObject & { readonly spec?: { readonly nodeName?: string } }>(target, lookup);
    if (spec?.nodeName === undefined) return undefined;
    return (await kubernetes.get({ resource: nodes, name: spec.nodeName }, lookup)).metadata.labels;
  }
}
