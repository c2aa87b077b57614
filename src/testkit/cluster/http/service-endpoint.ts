import { type Json, type KubeObject, arrayAt, numberAt, textAt } from '../json.ts';
import type { Store } from '../storage/store.ts';

/** A service in the cluster, as webhooks and API services name it. */
export interface ServiceReference {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/** Finds where a service really listens: nothing in this cluster has an address of its own. */
export class ServiceResolver {
  readonly #store: Store;
  readonly #routes = new Map<string, string>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** From now on the service `namespace/name` is at `url`, whatever its endpoints say. */
  route(service: string, url: string): void {
    this.#routes.set(service, url);
  }

  /** The base URL of a service: its route, its external name, or its first endpoint. Undefined where it has none. */
  resolve({ namespace, name, port }: ServiceReference): string | undefined {
    const key = `${namespace}/${name}`;
    const route = this.#routes.get(key);
    if (route !== undefined) return route;
    const service = this.#store.bucket('services').get(key)?.object;
    const external = textAt(service, 'spec', 'externalName');
    if (external !== '') return `https://${external}:${port}`;
    const endpoints = this.#store.bucket('endpoints').get(key)?.object;
    const [subset] = arrayAt(endpoints, 'subsets').filter((each) => arrayAt(each, 'addresses').length > 0);
    const address = textAt(arrayAt(subset, 'addresses')[0], 'ip');
    return address === '' ? undefined : `https://${address}:${targetPort(service, subset, port)}`;
  }
}

function targetPort(service: KubeObject | undefined, subset: Json | undefined, port: number): number {
  const servicePort = arrayAt(service, 'spec', 'ports').find((each) => numberAt(each, 'port') === port);
  const ports = arrayAt(subset, 'ports');
  const named = ports.find((each) => textAt(each, 'name') === textAt(servicePort, 'name')) ?? ports[0];
  return numberAt(named, 'port') ?? port;
}
