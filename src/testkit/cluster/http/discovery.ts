import { type Json, type JsonObject, textAt } from '../json.ts';
import { type Resource, apiVersionOf } from '../resources/resource.ts';
import type { Registry } from '../resources/registry.ts';
import { type MediaType, acceptedTypes, takesJson } from './negotiation.ts';
import { qualified } from '../status.ts';

/** A group that another server serves, as an APIService announces it. */
export interface RemoteGroup {
  readonly group: string;
  readonly version: string;
  /** What the other server says of its resources; undefined while it cannot be asked. */
  readonly resources: readonly JsonObject[] | undefined;
}

/** Answers what the server serves: plain documents, and both versions of the aggregated one. */
export class Discovery {
  readonly #registry: Registry;
  readonly #remote: () => readonly RemoteGroup[];

  constructor(registry: Registry, remote: () => readonly RemoteGroup[]) {
    this.#registry = registry;
    this.#remote = remote;
  }

  /** `/api` */
  core(address: string): JsonObject {
    const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress: address }];
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs };
  }

  /** `/apis` */
  groups(): JsonObject {
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: this.#groupNames().map((group) => this.#groupFields(group)) };
  }

  /** `/apis/<group>`; undefined where there is no such group. */
  group(name: string): JsonObject | undefined {
    if (!this.#groupNames().includes(name)) return undefined;
    return { kind: 'APIGroup', apiVersion: 'v1', ...this.#groupFields(name) };
  }

  /** `/api/v1` and `/apis/<group>/<version>`; undefined where nothing of it is served here. */
  resources(group: string, version: string): JsonObject | undefined {
    const found = this.#of(group, version);
    if (found.length === 0) return undefined;
    return {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: apiVersionOf({ group, version }),
      resources: found.flatMap(plainResources),
    };
  }

  /** The aggregated document for `/api` or `/apis`, where the client wants one; with its media type. */
  aggregated(root: 'api' | 'apis', accept: string | undefined): { type: string; document: JsonObject } | undefined {
    const wanted = acceptedTypes(accept).find((media) => takesJson(media) || isAggregated(media));
    const version = wanted !== undefined && isAggregated(wanted) ? wanted.parameters['v'] : undefined;
    if (version === undefined) return undefined;
    const names = root === 'api' ? [''] : this.#groupNames();
    const items = names.map((group) => ({
      metadata: group === '' ? {} : { name: group },
      versions: this.#versions(group).map((each) => this.#aggregatedVersion(group, each)),
    }));
    const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    return { type, document: { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items } };
  }

  #of(group: string, version: string): Resource[] {
    return this.#registry.all().filter((resource) => resource.group === group && resource.version === version);
  }

  #groupNames(): string[] {
    const local = this.#registry.all().map((resource) => resource.group);
    return [...new Set([...local, ...this.#remote().map((remote) => remote.group)])].filter((group) => group !== '');
  }

  #versions(group: string): string[] {
    const all = [...this.#registry.all(), ...this.#remote()].filter((served) => served.group === group);
    return [...new Set(all.map((served) => served.version))];
  }

  #groupFields(group: string): JsonObject {
    const versions = this.#versions(group).map((version) => ({ groupVersion: `${group}/${version}`, version }));
    return { name: group, versions, preferredVersion: versions[0] ?? {} };
  }

  #aggregatedVersion(group: string, version: string): JsonObject {
    const remote = this.#remote().find((other) => other.group === group && other.version === version);
    if (remote !== undefined && remote.resources === undefined) return { version, freshness: 'Stale' };
    const plain = remote?.resources ?? this.#of(group, version).flatMap(plainResources);
    const mains = plain.filter((resource) => !textAt(resource, 'name').includes('/'));
    const resources = mains.map((main) => aggregatedResource(main, plain, { group, version }));
    return { version, resources, freshness: 'Current' };
  }
}

function isAggregated({ parameters }: MediaType): boolean {
  return (
    parameters['as'] === 'APIGroupDiscoveryList' &&
    parameters['g'] === 'apidiscovery.k8s.io' &&
    ['v2', 'v2beta1'].includes(parameters['v'] ?? '')
  );
}

/** A resource and its subresources, as the plain documents list them. */
function plainResources(resource: Resource): JsonObject[] {
  const { plural: name, singular, namespaced, kind, shortNames, categories } = resource;
  const main: JsonObject = {
    name,
    singularName: singular,
    namespaced,
    kind,
    verbs: [...resource.verbs],
    ...(shortNames.length === 0 ? {} : { shortNames: [...shortNames] }),
    ...(categories.length === 0 ? {} : { categories: [...categories] }),
    ...(resource.verbs.includes('list')
      ? { storageVersionHash: Buffer.from(qualified(resource)).toString('base64').slice(0, 11).padEnd(12, '=') }
      : {}),
  };
  const others = Object.entries(resource.subresources).map(([subresource, { kind: other, group, version, verbs }]) => ({
    name: `${name}/${subresource}`,
    singularName: '',
    namespaced,
    ...(group === undefined ? {} : { group }),
    ...(version === undefined ? {} : { version }),
    kind: other,
    verbs: [...verbs],
  }));
  const status = resource.status ? [{ name: `${name}/status`, singularName: '', namespaced, kind, verbs: ['get', 'patch', 'update'] }] : [];
  const scale = resource.scale === undefined ? [] : [scaleResource(resource)];
  return [main, ...others, ...scale, ...status];
}

function scaleResource({ plural, namespaced }: Resource): JsonObject {
  return {
    name: `${plural}/scale`,
    singularName: '',
    namespaced,
    group: 'autoscaling',
    version: 'v1',
    kind: 'Scale',
    verbs: ['get', 'patch', 'update'],
  };
}

function aggregatedResource(main: JsonObject, plain: readonly JsonObject[], own: { group: string; version: string }): JsonObject {
  const { name = '', singularName = '', namespaced, verbs = [], shortNames, categories } = main;
  const responseKind = (resource: JsonObject): JsonObject => ({
    group: resource['group'] ?? own.group,
    version: resource['version'] ?? own.version,
    kind: resource['kind'] ?? '',
  });
  const prefix = `${textAt(main, 'name')}/`;
  const subresources: Json[] = plain
    .filter((other) => textAt(other, 'name').startsWith(prefix))
    .map((other) => ({
      subresource: textAt(other, 'name').slice(prefix.length),
      responseKind: responseKind(other),
      verbs: other['verbs'] ?? [],
    }));
  return {
    resource: name,
    responseKind: responseKind(main),
    scope: namespaced === true ? 'Namespaced' : 'Cluster',
    singularResource: singularName,
    verbs,
    ...(shortNames === undefined ? {} : { shortNames }),
    ...(categories === undefined ? {} : { categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}
