/** What a request asks for: the same parts that the real server authorizes by. */
export interface RequestInfo {
  /** Whether it addresses a resource rather than a path such as `/version`. */
  readonly isResource: boolean;
  /** get, list, watch, create, update, patch, delete or deletecollection; for other paths the lower-case HTTP method. */
  readonly verb: string;
  readonly path: string;
  readonly group: string;
  readonly version: string;
  /** `''` for a cluster-scoped request, or for one across all namespaces. */
  readonly namespace: string;
  readonly plural: string;
  readonly subresource: string;
  /** `''` for a collection. */
  readonly name: string;
  readonly query: URLSearchParams;
}

const NAMESPACE_SUBRESOURCES = ['status', 'finalize'];

/** Reads the method and the URL of a request as the real server does. */
export function requestInfo(method: string, url: URL): RequestInfo {
  const path = url.pathname;
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const base = {
    isResource: false,
    verb: method.toLowerCase(),
    path,
    group: '',
    version: '',
    namespace: '',
    plural: '',
    subresource: '',
    name: '',
    query: url.searchParams,
  };
  const [root = '', ...rest] = parts;
  const group = root === 'apis' ? (rest.shift() ?? '') : '';
  const version = rest.shift() ?? '';
  const [first] = rest;
  if ((root !== 'api' && root !== 'apis') || first === undefined || first === '') return base;
  const { deprecatedWatch, steps } = withoutWatchPrefix(rest);
  const target = targetOf(steps);
  const verb = deprecatedWatch ? 'watch' : verbOf(method, target.name, url.searchParams);
  return { ...base, ...target, name: target.name || fieldSelectorName(verb, url.searchParams), isResource: true, verb, group, version };
}

/** `/api/v1/watch/...`, the old form of `?watch=true`. */
function withoutWatchPrefix(steps: readonly string[]): { deprecatedWatch: boolean; steps: readonly string[] } {
  const deprecatedWatch = steps[0] === 'watch' && steps.length > 1;
  return { deprecatedWatch, steps: deprecatedWatch ? steps.slice(1) : steps };
}

function targetOf(steps: readonly string[]): Pick<RequestInfo, 'namespace' | 'plural' | 'name' | 'subresource'> {
  const [first = '', second = '', third = '', fourth = '', ...rest] = steps;
  const ofNamespace = first === 'namespaces' && third !== '' && !NAMESPACE_SUBRESOURCES.includes(third);
  if (ofNamespace) return { namespace: second, plural: third, name: fourth, subresource: rest.join('/') };
  const namespace = first === 'namespaces' ? second : '';
  return { namespace, plural: first, name: second, subresource: [third, fourth, ...rest].filter((part) => part !== '').join('/') };
}

/** A list or watch that selects one object by name is authorized as that object's. */
function fieldSelectorName(verb: string, query: URLSearchParams): string {
  if (!['list', 'watch', 'deletecollection'].includes(verb)) return '';
  return /(?:^|,)metadata\.name==?([^,!=]+)(?:,|$)/.exec(query.get('fieldSelector') ?? '')?.[1] ?? '';
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  const watching = ['true', '1', ''].includes(query.get('watch') ?? 'false');
  const reading = watching ? 'watch' : name === '' ? 'list' : 'get';
  const verbs: Readonly<Record<string, string>> = {
    GET: reading,
    HEAD: reading,
    POST: 'create',
    PUT: 'update',
    PATCH: 'patch',
    DELETE: name === '' ? 'deletecollection' : 'delete',
  };
  return verbs[method] ?? method.toLowerCase();
}
