import type { Clock } from '../../src/fx/index.ts';
import { hasReason, type KubernetesClient, type Resource, UnreachableError } from './index.ts';
import { noServer } from './refusals.ts';

type Wanted = Parameters<KubernetesClient['discover']>[0];

/** One request for all three forms: the server answers with the first that it knows. */
const accept = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',');

/** `v2` and `v2beta1` are alike in what we read. */
interface AggregatedGroups {
  readonly kind: 'APIGroupDiscoveryList';
  readonly items: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly resources?: readonly {
        readonly resource: string;
        readonly scope: 'Cluster' | 'Namespaced';
        readonly responseKind?: { readonly kind?: string };
      }[];
    }[];
  }[];
}
interface PlainGroups {
  readonly kind: 'APIGroupList';
  readonly groups: readonly {
    readonly name: string;
    readonly versions: readonly { readonly version: string }[];
    readonly preferredVersion?: { readonly version: string };
  }[];
}
interface PlainCoreVersions {
  readonly kind: 'APIVersions';
  readonly versions: readonly string[];
}
interface PlainResources {
  readonly resources?: readonly { readonly name: string; readonly namespaced: boolean; readonly kind: string }[];
}

/** A resource with its kind. */
interface Served extends Resource {
  readonly kind: string;
}
/** The versions of a group, the preferred one first. Plain discovery has to ask for each version's resources; they are kept. */
interface Group {
  readonly versions: readonly { readonly version: string; resources(): Promise<readonly Served[]> }[];
}

/** What is served changes with every CRD. */
const validForMs = 600_000;
/** What is not there is asked for by everybody again and again. */
const refreshEveryMs = 10_000;

export interface DiscoveryParts {
  readonly get: (path: string, accept: string) => Promise<unknown>;
  readonly clock: Clock;
}

/** What the API server serves: kept, and looked up anew when something is missing, but not more often than every 10 seconds. */
export class Discovery {
  readonly #parts: DiscoveryParts;
  readonly #groups = new Map<'core' | 'others', { readonly at: number; readonly byName: Promise<ReadonlyMap<string, Group>> }>();

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
  }

  async find(wanted: Wanted): Promise<Resource | undefined> {
    return (await this.#findIn(wanted, validForMs)) ?? this.#findIn(wanted, refreshEveryMs);
  }

  async #findIn({ group, version, kind, plural }: Wanted, maxAgeMs: number): Promise<Resource | undefined> {
    const versions = (await this.#groupsOf(group === '' ? 'core' : 'others', maxAgeMs)).get(group)?.versions ?? [];
    for (const each of versions.filter((candidate) => version === undefined || candidate.version === version)) {
      const found = (await each.resources()).find(
        (served) => (kind === undefined || served.kind === kind) && (plural === undefined || served.plural === plural),
      );
      if (found !== undefined) return { group, version: found.version, plural: found.plural, namespaced: found.namespaced };
    }
    return undefined;
  }

  #groupsOf(which: 'core' | 'others', maxAgeMs: number): Promise<ReadonlyMap<string, Group>> {
    const now = this.#parts.clock.monotonic();
    const known = this.#groups.get(which);
    if (known !== undefined && now - known.at < maxAgeMs) return known.byName;
    const byName = this.#load(which);
    const entry = { at: now, byName };
    this.#groups.set(which, entry);
    byName.catch(() => {
      if (this.#groups.get(which) === entry) this.#groups.delete(which);
    });
    return byName;
  }

  async #load(which: 'core' | 'others'): Promise<ReadonlyMap<string, Group>> {
    const path = which === 'core' ? '/api' : '/apis';
    const answer = (await this.#parts.get(path, accept)) as Partial<AggregatedGroups | PlainGroups | PlainCoreVersions> | null;
    if (answer?.kind === 'APIGroupDiscoveryList' && answer.items !== undefined) return aggregated(answer.items);
    if (answer?.kind === 'APIVersions' && answer.versions !== undefined) return new Map([['', this.#plainGroup('', answer.versions)]]);
    if (answer?.kind !== 'APIGroupList' || answer.groups === undefined)
      throw new UnreachableError(`GET ${path}: ${noServer}`, { code: 'bad-answer' });
    return new Map(
      answer.groups.map(({ name, versions, preferredVersion }) => {
        const names = new Set([preferredVersion?.version, ...versions.map(({ version }) => version)].filter((each) => each !== undefined));
        return [name, this.#plainGroup(name, [...names])];
      }),
    );
  }

  #plainGroup(group: string, versions: readonly string[]): Group {
    return { versions: versions.map((version) => ({ version, resources: kept(() => this.#plainResources(group, version)) })) };
  }

  async #plainResources(group: string, version: string): Promise<readonly Served[]> {
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    try {
      const { resources = [] } = (await this.#parts.get(path, 'application/json')) as PlainResources;
      return resources
        .filter(({ name }) => !name.includes('/'))
        .map(({ name, namespaced, kind }) => ({ group, version, plural: name, namespaced, kind }));
    } catch (error) {
      // Taken off between the two requests.
      if (hasReason(error, 'NotFound')) return [];
      throw error;
    }
  }
}

function aggregated(items: AggregatedGroups['items']): ReadonlyMap<string, Group> {
  return new Map(
    items.map(({ metadata: { name: group = '' } = {}, versions = [] }) => [
      group,
      {
        versions: versions.map(({ version, resources = [] }) => {
          const served = resources.map(({ resource: plural, scope, responseKind: { kind = '' } = {} }) => {
            return { group, version, plural, namespaced: scope === 'Namespaced', kind };
          });
          return { version, resources: () => Promise.resolve(served) };
        }),
      },
    ]),
  );
}

/** Calls once; a failure is forgotten. */
function kept<T>(call: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    if (result === undefined) {
      const calling = call();
      calling.catch(() => (result = undefined));
      result = calling;
    }
    return result;
  };
}
