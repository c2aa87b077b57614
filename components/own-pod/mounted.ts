import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { component, Process } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { Log } from '../log/index.ts';
import { OwnPod, ownPodSettings } from './index.ts';

/** What Kubernetes mounts into every pod that has a service account. */
const namespaceFile = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** Knows the pod from what Kubernetes gives it: environment variables and a mounted file. */
export const mountedOwnPod = component({
  provides: OwnPod,
  requires: { config: Config, log: Log, process: Process },
  create: ({ config, log, process }) =>
    new MountedOwnPod({
      name: process.env['DD_POD_NAME'] || hostname(),
      namespace: process.env['POD_NAMESPACE'] ?? '',
      resourcesNamespace: config.get(ownPodSettings.resourcesNamespace),
      namespaceFile,
      log,
    }),
});

interface MountedOptions {
  readonly name: string;
  /** Empty: what the file says. */
  readonly namespace: string;
  /** Empty: the pod's own. */
  readonly resourcesNamespace: string;
  readonly namespaceFile: string;
  readonly log: Pick<Log, 'warn'>;
}

export class MountedOwnPod implements OwnPod {
  readonly name: string;
  readonly #options: MountedOptions;
  #namespace: Promise<string> | undefined;

  constructor(options: MountedOptions) {
    this.name = options.name;
    this.#options = options;
  }

  namespace(): Promise<string> {
    this.#namespace ??= this.#read();
    return this.#namespace;
  }

  async resourcesNamespace(): Promise<string> {
    return this.#options.resourcesNamespace || (await this.namespace());
  }

  async #read(): Promise<string> {
    const { namespace: given, namespaceFile: file, log } = this.#options;
    if (given !== '') return given;
    try {
      const namespace = (await readFile(file, 'utf8')).trim();
      if (namespace !== '') return namespace;
      log.warn(`${file} is empty: taking "default" for the namespace of this pod`);
    } catch (error) {
      log.warn(
        `the namespace of this pod is not known (${(error as Error).message}): taking "default"; if it is another, set POD_NAMESPACE, or kube_resources_namespace for the agent's own objects alone`,
      );
    }
    return 'default';
  }
}
