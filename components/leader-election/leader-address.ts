import type { Clock } from '../../src/fx/index.ts';
import type { KubernetesClient, KubeObject } from '../kubernetes/index.ts';

export interface LeaderAddressOptions {
  readonly client: Pick<KubernetesClient, 'get' | 'list'>;
  readonly clock: Clock;
  readonly namespace: string;
  /** The service whose pods are the replicas. */
  readonly service: string;
  readonly useEndpointSlices: boolean;
}

interface PodReference {
  readonly targetRef?: { readonly name?: string };
}
interface Endpoints extends KubeObject {
  readonly subsets?: readonly { readonly addresses?: readonly (PodReference & { readonly ip: string })[] }[];
}
interface EndpointSlice extends KubeObject {
  readonly endpoints?: readonly (PodReference & {
    readonly addresses: readonly string[];
    readonly conditions?: { readonly ready?: boolean | null };
  })[];
}

const endpoints = { group: '', version: 'v1', plural: 'endpoints', namespaced: true };
const endpointSlices = { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', namespaced: true };

/** For how long an answer counts, in milliseconds. A failure counts too, so that a flood of requests does not become one of lookups. */
const keptMs = { found: 5 * 60_000, notFound: 1000 };

/** Finds a replica's address among the ready endpoints of the agent's service. */
export class LeaderAddress {
  readonly #options: LeaderAddressOptions;
  #last: { readonly pod: string; readonly address: Promise<string | undefined>; until: number } | undefined;

  constructor(options: LeaderAddressOptions) {
    this.#options = options;
  }

  /** One lookup at a time, however many ask. @throws KubernetesError */
  of(pod: string): Promise<string | undefined> {
    const { clock } = this.#options;
    if (this.#last?.pod === pod && clock.monotonic() < this.#last.until) return this.#last.address;
    const address = this.#options.useEndpointSlices ? this.#amongSlices(pod) : this.#amongEndpoints(pod);
    const lookup = { pod, address, until: Infinity };
    const keep = (found?: string): void => {
      lookup.until = clock.monotonic() + (found === undefined ? keptMs.notFound : keptMs.found);
    };
    address.then(keep, () => keep());
    this.#last = lookup;
    return address;
  }

  async #amongEndpoints(pod: string): Promise<string | undefined> {
    const { client, namespace, service: name } = this.#options;
    const { subsets } = await client.get<Endpoints>({ resource: endpoints, namespace, name });
    return subsets?.flatMap(({ addresses = [] }) => addresses).find(({ targetRef }) => targetRef?.name === pod)?.ip;
  }

  async #amongSlices(pod: string): Promise<string | undefined> {
    const { client, namespace, service } = this.#options;
    const labelSelector = `kubernetes.io/service-name=${service}`;
    const { items } = await client.list<EndpointSlice>(endpointSlices, { namespace, labelSelector });
    const ready = items.flatMap(({ endpoints: each }) => each ?? []).filter(({ conditions }) => conditions?.ready !== false);
    return ready.find(({ targetRef }) => targetRef?.name === pod)?.addresses[0];
  }
}
