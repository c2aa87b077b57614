import type { Attributes } from '../../delegated-auth/index.ts';

export const group = 'external.metrics.k8s.io';
export const version = 'v1beta1';
const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/**
 * What a request wants, in the words of authorization: Kubernetes' own rules for paths below `/apis`. A read without a
 * name is a `list`, whatever it reads.
 */
export function attributesOf(method: string, path: string): Attributes {
  const parts = path.split('/').filter((part) => part !== '');
  const [root, ofGroup, ofVersion, ...rest] = parts.map(decoded);
  if (root !== 'apis' || ofGroup === undefined || ofVersion === undefined || rest.length === 0) return { verb: method.toLowerCase(), path };
  const isNamespaced = rest[0] === 'namespaces' && rest.length > 2;
  const [resource = '', name] = isNamespaced ? rest.slice(2) : rest;
  const [, namespace = ''] = isNamespaced ? rest : [];
  return { verb: verbOf(method, name !== undefined), group: ofGroup, version: ofVersion, resource, namespace };
}

function verbOf(method: string, isNamed: boolean): string {
  if (method === 'GET' || method === 'HEAD') return isNamed ? 'get' : 'list';
  return verbs[method] ?? method.toLowerCase();
}

/** A part of a path, or the part itself where it is wrongly escaped. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A path as it is looked up: one slash at its end makes no difference, as in Kubernetes' own servers. */
export function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Namespace and metric of a metric's path; `undefined` for any other. */
export function metricIn(path: string): { readonly namespace: string; readonly metric: string } | undefined {
  const prefix = `/apis/${group}/${version}/namespaces/`;
  if (!path.startsWith(prefix)) return undefined;
  const [namespace, metric, ...rest] = path.slice(prefix.length).split('/').map(decoded);
  return namespace === undefined || namespace === '' || metric === undefined || metric === '' || rest.length > 0
    ? undefined
    : { namespace, metric };
}
