import { Clock, component, Lifecycle, many, optional } from '../../src/fx/index.ts';
import { Route } from '../api-server/index.ts';
import { ClusterName } from '../cluster-id/index.ts';
import { Config } from '../config/index.ts';
import { Kubernetes } from '../kubernetes/index.ts';
import { OwnPod } from '../own-pod/index.ts';
import { StatusHeader } from '../status/index.ts';
import { CloudNames, systemClouds, type CloudSurroundings } from './clouds.ts';
import { Hostname, type HostnameData } from './index.ts';
import { providers, type Provider } from './providers.ts';
import { validHostname } from './valid.ts';

/**
 * The name of the host, from whoever knows a good one: see the README for whom it asks. Also at `/hostname`, and in the status.
 * The agent does not start without it.
 */
export const hostnameChain = hostnameChainIn(systemClouds);

/** The same on a machine of another cloud. */
export function hostnameChainIn(surroundings: CloudSurroundings) {
  return component({
    provides: { hostname: Hostname, route: many(Route), header: many(StatusHeader) },
    requires: {
      lifecycle: Lifecycle,
      clock: Clock,
      config: Config,
      ownPod: optional(OwnPod),
      kubernetes: optional(Kubernetes),
      clusterName: optional(ClusterName),
    },
    create({ lifecycle, clock, ...sources }) {
      const clouds = new CloudNames({ config: sources.config, clock }, surroundings);
      const hostname = new HostnameChain(providers({ ...sources, clouds }));
      lifecycle.append({
        name: 'resolve',
        start: async ({ signal }) => {
          await hostname.get(signal).catch((cause: unknown) => {
            throw new Error(`Error while getting hostname, exiting: ${messageOf(cause)}`, { cause });
          });
        },
      });
      return { hostname, route: hostnameRoute(hostname), header: statusHeader(hostname) };
    },
  });
}

export class HostnameChain implements Hostname {
  readonly #providers: readonly Provider[];
  #resolved: Promise<HostnameData> | undefined;
  #errors: Readonly<Record<string, string>> = {};

  constructor(chain: readonly Provider[]) {
    this.#providers = chain;
  }

  /** Why providers did not know it, so far. */
  get errors(): Readonly<Record<string, string>> {
    return this.#errors;
  }

  /** A failure is not kept: the next call asks again. */
  get(signal: AbortSignal = new AbortController().signal): Promise<HostnameData> {
    this.#resolved ??= this.#resolve(signal).catch((error: unknown) => {
      this.#resolved = undefined;
      throw error;
    });
    return this.#resolved;
  }

  async #resolve(signal: AbortSignal): Promise<HostnameData> {
    const resolved = new AbortController();
    try {
      return await this.#ask(AbortSignal.any([signal, resolved.signal]));
    } finally {
      resolved.abort(new Error('the name of the host is known'));
    }
  }

  async #ask(signal: AbortSignal): Promise<HostnameData> {
    const errors: Record<string, string> = {};
    this.#errors = errors;
    let known: HostnameData | undefined;
    for (const { name, label, isFinal, find } of this.#providers) {
      try {
        known = { hostname: validHostname(await find(signal, known?.hostname ?? '')), provider: name, errors };
        if (isFinal === true) break;
      } catch (error) {
        errors[label] = messageOf(error);
      }
    }
    if (known !== undefined) return known;
    throw new Error('unable to reliably determine the host name. You can define one in the agent config file or in your hosts file');
  }
}

/** An empty text where nobody knows it. */
function hostnameRoute(hostname: Hostname): Route {
  return {
    method: 'GET',
    path: '/hostname',
    access: 'session',
    handle: async () => {
      const name = await hostname.get().then(
        (data) => data.hostname,
        () => '',
      );
      return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(name) };
    },
  };
}

function statusHeader(chain: HostnameChain): StatusHeader {
  const known = async () => {
    try {
      return { ...(await chain.get()), failure: '' };
    } catch (error) {
      return { hostname: '', provider: '', errors: chain.errors, failure: messageOf(error) };
    }
  };
  return {
    name: 'Hostname',
    index: 1,
    json: async () => {
      const { hostname, provider, errors, failure } = await known();
      const all = failure === '' ? {} : { all: failure };
      return { hostnameStats: { provider, errors: { ...errors, ...all } }, metadata: { meta: { hostname } } };
    },
    text: async () => {
      const { hostname, provider, errors, failure } = await known();
      const unused = Object.entries(errors).toSorted(([a], [b]) => (a < b ? -1 : 1));
      return [
        '',
        ...(hostname === '' ? [] : [`  hostname: ${hostname}`]),
        `  hostname provider: ${provider}`,
        ...(unused.length === 0 ? [] : ['  unused hostname providers:', ...unused.map(([name, why]) => `    ${name}: ${why}`)]),
        ...(failure === '' ? [] : [`  error: ${failure}`]),
        '',
      ].join('\n');
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
