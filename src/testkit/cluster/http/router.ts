import type { RequestFacts } from '../faults.ts';
import type { Registry } from '../resources/registry.ts';
import { type Attributes, type Authorizer, forbidden } from '../security/authorization.ts';
import { AUTHENTICATED, type User } from '../security/user.ts';
import { noSuchPath } from '../status.ts';
import type { Aggregation } from './aggregation.ts';
import type { Discovery } from './discovery.ts';
import { type Exchange, sendJson, sendText } from './exchange.ts';
import type { OpenApi } from './openapi.ts';
import type { ResourceHandler } from './resource-handler.ts';

/** What `/version` says: the Kubernetes version whose behaviour the server follows. */
interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
}

/** Everything that can answer a request. */
export interface RouterParts {
  readonly authorizer: Authorizer;
  readonly registry: Registry;
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
  readonly resources: ResourceHandler;
  readonly aggregation: Aggregation;
  readonly version: VersionInfo;
}

/** Decides whether a request may be answered, and by whom. */
export class Router {
  readonly #parts: RouterParts;

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  /** Answers. Throws what the client is to be told. */
  async handle(exchange: Exchange, facts: RequestFacts): Promise<void> {
    const user = this.#impersonated(exchange);
    const { info } = exchange;
    this.#authorize(user, { ...info, path: info.path });
    const own = { ...exchange, user };
    if (!info.isResource) return this.#path(own);
    const resource = this.#parts.registry.find(info.group, info.version, info.plural);
    if (resource !== undefined) {
      if (resource.namespaced && info.namespace === '' && !['list', 'watch', 'deletecollection'].includes(info.verb) && info.name !== '')
        throw noSuchPath();
      return this.#parts.resources.handle(own, resource, facts);
    }
    if (!(await this.#parts.aggregation.proxy(own, info.group, info.version))) throw noSuchPath();
  }

  #authorize(user: User, attributes: Attributes): void {
    if (!this.#parts.authorizer.allows(user, attributes)) throw forbidden(user, attributes);
  }

  /** The user of the request, or the one as whom that user asks to act and may act. */
  #impersonated({ request, user }: Exchange): User {
    // Go reads headers as UTF-8, Node as latin1.
    const header = (name: string): string[] => (request.headersDistinct[name] ?? []).map((text) => Buffer.from(text, 'latin1').toString());
    const [name] = header('impersonate-user');
    if (name === undefined) return user;
    const groups = header('impersonate-group');
    const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
    const base = { verb: 'impersonate', isResource: true, path: '', group: '', subresource: '', namespace: '', name };
    this.#authorize(
      user,
      account === null
        ? { ...base, plural: 'users' }
        : { ...base, plural: 'serviceaccounts', namespace: account[1] ?? '', name: account[2] ?? '' },
    );
    for (const group of groups) this.#authorize(user, { ...base, plural: 'groups', name: group });
    const own = account === null ? [] : ['system:serviceaccounts', `system:serviceaccounts:${account[1] ?? ''}`];
    return { name, groups: [...groups, ...own, AUTHENTICATED] };
  }

  async #path(exchange: Exchange): Promise<void> {
    const { request, response, info } = exchange;
    const { discovery, version } = this.#parts;
    const path = info.path.replace(/\/$/, '');
    if (/^\/(healthz|livez|readyz)(\/|$)/.test(path))
      return sendText(response, { code: 200, type: 'text/plain; charset=utf-8', text: 'ok' });
    if (path === '/version') {
      const build = {
        gitCommit: '',
        gitTreeState: 'clean',
        buildDate: '1970-01-01T00:00:00Z',
        goVersion: '',
        compiler: '',
        platform: 'in-process',
      };
      return sendJson(response, 200, { ...version, ...build });
    }
    if (path === '/api' || path === '/apis') {
      const aggregated = discovery.aggregated(path === '/api' ? 'api' : 'apis', request.headers.accept);
      if (aggregated !== undefined)
        return sendText(response, { code: 200, type: aggregated.type, text: JSON.stringify(aggregated.document) });
      return sendJson(response, 200, path === '/api' ? discovery.core(request.headers.host ?? '') : discovery.groups());
    }
    if (path.startsWith('/openapi/')) return this.#openApi(exchange, path);
    return this.#discover(exchange, path);
  }

  #openApi({ response }: Exchange, path: string): void {
    const { openApi, version } = this.#parts;
    if (path === '/openapi/v2') return sendJson(response, 200, openApi.v2(version.gitVersion));
    if (path === '/openapi/v3') return sendJson(response, 200, openApi.index());
    const document = path.startsWith('/openapi/v3/') ? openApi.v3(path.slice('/openapi/v3/'.length), version.gitVersion) : undefined;
    if (document === undefined) throw noSuchPath();
    return sendJson(response, 200, document);
  }

  async #discover(exchange: Exchange, path: string): Promise<void> {
    const [root, first = '', second = ''] = path.split('/').slice(1);
    const { discovery, aggregation } = this.#parts;
    const group = root === 'apis' ? first : '';
    const version = root === 'apis' ? second : first;
    const found = root === 'apis' && version === '' ? discovery.group(group) : discovery.resources(group, version);
    if (found !== undefined && (root === 'api' || root === 'apis')) return sendJson(exchange.response, 200, found);
    if (root === 'apis' && (await aggregation.proxy(exchange, group, version))) return;
    throw noSuchPath();
  }
}
