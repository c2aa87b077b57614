import type { Clock } from '../../src/fx/index.ts';
import type { Call, Caller } from './caller.ts';
import { Discovery } from './discovery.ts';
import {
  type CallOptions,
  type JsonObject,
  type KubernetesClient,
  type ListOptions,
  type ObjectList,
  type PatchType,
  type Resource,
  type Target,
  UnreachableError,
} from './index.ts';
import { collectionPath, needNamespace, qualifiedName, queryOf, targetPath } from './paths.ts';
import { noServer } from './refusals.ts';

const json = 'application/json';
const patchTypes: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  // The only name that the API server knows; JSON is YAML too.
  apply: 'application/apply-patch+yaml',
};
const pageMax = 500;

type Where = Omit<Target, 'name'> & { readonly name?: string };

/** Objects as plain JSON: what is not known to us is there, and goes back as it came. */
export class JsonClient implements KubernetesClient {
  readonly #caller: Caller;
  readonly #discovery: Discovery;

  constructor(caller: Caller, clock: Clock) {
    this.#caller = caller;
    this.#discovery = new Discovery({ get: (path, accept) => this.raw(path, { accept }), clock });
  }

  get<T>(target: Target, options: CallOptions = {}): Promise<T> {
    return this.#object<T>({ request: { method: 'GET', path: targetPath(target) }, rbac: rbacOf('get', target), options });
  }

  list<T>(resource: Resource, options: ListOptions = {}): Promise<ObjectList<T>> {
    const { namespace, labelSelector, fieldSelector, resourceVersion, limit = pageMax } = options;
    const query = { labelSelector, fieldSelector, resourceVersion, limit: Math.min(limit, pageMax), continue: options.continue };
    const path = collectionPath(resource, namespace) + queryOf(query);
    return this.#object({ request: { method: 'GET', path }, rbac: rbacOf('list', { resource, ...only({ namespace }) }), options });
  }

  create<T>(where: Where, object: JsonObject, options: CallOptions = {}): Promise<T> {
    const { resource, namespace, name, subresource } = where;
    // Only a subresource is created at a name, and RBAC does not see the name of a new object.
    const isPart = name !== undefined && subresource !== undefined;
    const path = isPart ? targetPath({ ...where, name }) : needNamespace(resource, namespace);
    const rbac = rbacOf('create', isPart ? where : { resource, ...only({ namespace }) });
    return this.#object<T>({ request: { method: 'POST', path, body: bodyOf(object) }, rbac, options });
  }

  replace<T>(target: Target, object: JsonObject, options: CallOptions = {}): Promise<T> {
    const request = { method: 'PUT', path: targetPath(target), body: bodyOf(object) };
    return this.#object<T>({ request, rbac: rbacOf('update', target), options });
  }

  patch<T>(
    target: Target,
    patch: unknown,
    options: CallOptions & { readonly type: PatchType; readonly fieldManager?: string; readonly force?: boolean },
  ): Promise<T> {
    const { type, fieldManager, force } = options;
    const path = targetPath(target) + queryOf({ fieldManager, force });
    const request = { method: 'PATCH', path, body: { type: patchTypes[type], text: JSON.stringify(patch) } };
    return this.#object<T>({ request, rbac: rbacOf('patch', target), options });
  }

  async delete(
    target: Target,
    options: CallOptions & { readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } } = {},
  ): Promise<void> {
    const { preconditions } = options;
    const body = preconditions === undefined ? {} : { body: bodyOf({ kind: 'DeleteOptions', apiVersion: 'v1', preconditions }) };
    await this.#caller.call({ request: { method: 'DELETE', path: targetPath(target), ...body }, rbac: rbacOf('delete', target), options });
  }

  async raw<T>(
    path: string,
    options: CallOptions & { readonly method?: string; readonly body?: unknown; readonly accept?: string } = {},
  ): Promise<T> {
    const { method = 'GET', body, accept } = options;
    if (!path.startsWith('/')) throw new Error(`a path of the API server begins with a slash: "${path}"`);
    const request = { method, path, ...only({ accept }), ...(body === undefined ? {} : { body: bodyOf(body) }) };
    const rbac = { verb: method.toLowerCase(), resource: path.split('?')[0] ?? path, namespace: undefined, name: undefined };
    return (await this.#caller.call({ request, rbac, options })) as T;
  }

  discover(wanted: Parameters<KubernetesClient['discover']>[0]): Promise<Resource | undefined> {
    return this.#discovery.find(wanted);
  }

  /** @throws UnreachableError for a success that is no object: something else than the API server has answered */
  async #object<T>(call: Call): Promise<T> {
    const value = await this.#caller.call(call);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as T;
    const { method, path } = call.request;
    throw new UnreachableError(`${method} ${path.split('?')[0]}: ${noServer}`, { code: 'bad-answer' });
  }
}

function bodyOf(value: unknown): { readonly type: string; readonly text: string } {
  return { type: json, text: JSON.stringify(value) };
}

function rbacOf(verb: string, { resource, namespace, name, subresource }: Where): Call['rbac'] {
  return { verb, resource: qualifiedName(resource, subresource), namespace, name };
}

/** Without the fields that are undefined. */
function only<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
