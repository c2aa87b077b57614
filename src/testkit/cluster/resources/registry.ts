import { builtins } from './builtins.ts';
import type { Resource } from './resource.ts';

/** A group and a version of it that is served. */
export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** Every resource that is served at this moment. */
export class Registry {
  readonly #builtin = new Map(builtins.map((resource) => [keyOf(resource), resource]));
  readonly #custom = new Map<string, readonly Resource[]>();
  #index = this.#builtin;

  /** The resource behind `/apis/group/version/plural`. */
  find(group: string, version: string, plural: string): Resource | undefined {
    return this.#index.get(keyOf({ group, version, plural }));
  }

  /** A version of the resource `plural` of `group`, the preferred one first. */
  findResource(group: string, plural: string): Resource | undefined {
    return this.all().find((resource) => resource.group === group && resource.plural === plural);
  }

  /** The resource of a kind. */
  findKind({ group, version }: GroupVersion, kind: string): Resource | undefined {
    return this.all().find((resource) => resource.group === group && resource.version === version && resource.kind === kind);
  }

  /** The version of `resource` that is stored. */
  stored(resource: Resource): Resource {
    if (resource.conversion === undefined) return resource;
    return this.all().find((other) => other.storage === resource.storage && other.conversion === undefined) ?? resource;
  }

  /** All resources, in the order of discovery. */
  all(): Resource[] {
    return [...this.#index.values()];
  }

  /** All resources that hold objects, each once, whatever the number of its versions. */
  persisted(): Resource[] {
    return this.all().filter((resource) => resource.verbs.includes('list') && resource.conversion === undefined && this.#isFirst(resource));
  }

  /** Serves the versions that the CustomResourceDefinition `crd` defines, from now on. */
  define(crd: string, resources: readonly Resource[]): void {
    this.#custom.set(crd, resources);
    this.#reindex();
  }

  /** Ends serving what `crd` defined. */
  undefine(crd: string): void {
    this.#custom.delete(crd);
    this.#reindex();
  }

  #isFirst(resource: Resource): boolean {
    return this.all().find((other) => other.storage === resource.storage && other.conversion === undefined) === resource;
  }

  #reindex(): void {
    const custom = [...this.#custom.values()].flat().map((resource) => [keyOf(resource), resource] as const);
    this.#index = new Map([...this.#builtin, ...custom]);
  }
}

function keyOf({ group, version, plural }: { group: string; version: string; plural: string }): string {
  return `${group}/${version}/${plural}`;
}
