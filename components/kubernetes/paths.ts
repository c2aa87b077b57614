import type { Resource, Target } from './index.ts';

/** `/api/v1/namespaces/default/pods`; without a namespace all of them. @throws Error for a namespace that cannot be one */
export function collectionPath({ group, version, plural, namespaced }: Resource, namespace?: string): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespaced && namespace !== undefined ? `${root}/namespaces/${segment(namespace)}/${plural}` : `${root}/${plural}`;
}

/** @throws Error when a namespaced target has no namespace, or a name that would lead somewhere else */
export function targetPath({ resource, namespace, name, subresource }: Target): string {
  return [needNamespace(resource, namespace), segment(name), ...(subresource === undefined ? [] : [segment(subresource)])].join('/');
}

/** The collection that an object stands in. @throws Error when that would be the collection of all namespaces */
export function needNamespace(resource: Resource, namespace: string | undefined): string {
  if (resource.namespaced && namespace === undefined)
    throw new Error(`${qualifiedName(resource)} are namespaced: say in which namespace the object is`);
  return collectionPath(resource, namespace);
}

/** `leases.coordination.k8s.io`, with the subresource after a slash. */
export function qualifiedName({ group, plural }: Pick<Resource, 'group' | 'plural'>, subresource?: string): string {
  return (group === '' ? plural : `${plural}.${group}`) + (subresource === undefined ? '' : `/${subresource}`);
}

/** `?limit=500&...`; what is undefined or empty is left out. */
export function queryOf(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(values).flatMap(([key, value]) =>
    value === undefined || value === '' ? [] : [[key, String(value)] as const],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(Object.fromEntries(given)).toString()}`;
}

/** The API server takes `.` and `..`, and anything with a slash or a percent sign, for parts of paths, not for names. */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/%]/.test(name))
    throw new Error(`"${name}" cannot be the name of a Kubernetes object or namespace`);
  return encodeURIComponent(name);
}
