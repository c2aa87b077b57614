import type { TLSSocket } from 'node:tls';
import { Clock, component, Jobs, Lifecycle, many, optional } from '../../src/fx/index.ts';
import { type Informer, Informers, Kubernetes, type KubeObject } from '../kubernetes/index.ts';
import { Log } from '../log/index.ts';
import { Random } from '../random/index.ts';
import { StatusProvider } from '../status/index.ts';
import {
  DelegatedAuth,
  DelegatedAuthOptions,
  masters,
  type Attributes,
  type Credentials,
  type Decision,
  type ResourceAttributes,
  type UserInfo,
} from './index.ts';
import { peerOf, proxiedUser, type Peer } from './peer.ts';
import { Reviews } from './reviews.ts';
import { hasFiles, needsLookup, publishedBy } from './trust-files.ts';
import { noTrust, trustConfigMap, TrustSources, type PublishedTrust, type Trust } from './trust.ts';

const published = {
  resource: { group: '', version: 'v1', plural: 'configmaps', namespaced: true },
  namespace: trustConfigMap.namespace,
  fieldSelector: `metadata.name=${trustConfigMap.name}`,
  transform: ({ metadata, data = {} }: KubeObject) => ({ metadata, data: data as PublishedTrust }),
};
/** Files are looked at again this often. */
const rereadMs = 60_000;
/** Milliseconds that a certificate is believed without a look at the time: connections can outlive it. */
const peerTtlMs = 10_000;

/** Leaves every judgement to the API server: its published authorities, TokenReview and SubjectAccessReview. */
export const apiServerAuth = component({
  name: 'delegated-auth',
  provides: { auth: DelegatedAuth, status: many(StatusProvider) },
  requires: {
    kubernetes: Kubernetes,
    informers: Informers,
    log: Log,
    clock: Clock,
    random: Random,
    jobs: Jobs,
    lifecycle: Lifecycle,
    options: optional(DelegatedAuthOptions),
  },
  onFailure: 'continue',
  create({ kubernetes, informers, log, clock, random, jobs, lifecycle, options = {} }) {
    let running = new AbortController();
    const reviews = new Reviews({ kubernetes, clock, random, log, options, signal: () => running.signal });
    const auth = new ApiServerAuth(reviews, clock, options);
    const sources = new TrustSources((trust) => auth.trust(trust));
    const follow = (data: PublishedTrust): void => {
      try {
        sources.set('apiServer', data);
      } catch (error) {
        log.error('clients go on being judged by the authorities that were published before', { error });
      }
    };
    const configMap = needsLookup(options) ? informers.informer(published) : undefined;
    let release: (() => void) | undefined;
    lifecycle.append({
      name: 'follow-trust',
      start: () => {
        running = new AbortController();
        release = configMap?.handle({ added: ({ data }) => follow(data), updated: ({ data }) => follow(data), deleted: () => follow({}) });
      },
      stop: () => {
        running.abort(new Error('the agent stops'));
        release?.();
      },
    });
    if (hasFiles(options))
      jobs.timer({ name: 'read-authorities', everyMs: rereadMs, run: async () => sources.set('files', await publishedBy(options)) });
    return { auth, status: statusOf(auth, configMap) };
  },
});

function statusOf(auth: DelegatedAuth, configMap: Pick<Informer<unknown>, 'hasSynced'> | undefined): StatusProvider {
  const hasSynced = (): boolean => configMap?.hasSynced ?? true;
  const reason = (): string => {
    if (configMap === undefined) return 'no file of authorities has been read';
    return `ConfigMap ${trustConfigMap.namespace}/${trustConfigMap.name} ${hasSynced() ? 'is missing or empty' : 'has not been read'}`;
  };
  return {
    name: 'Delegated Authentication',
    section: 'Custom Metrics Server',
    json: () => ({ delegatedAuthentication: { synced: hasSynced(), clientCAs: auth.clientCas.length } }),
    text: () => (hasSynced() && auth.clientCas.length > 0 ? '' : `  Client certificates are not trusted yet: ${reason()}\n`),
  };
}

const anonymous: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'], extra: {} };
const open: Decision = { allowed: true, reason: '' };

class ApiServerAuth implements DelegatedAuth {
  readonly #reviews: Reviews;
  readonly #clock: Clock;
  readonly #alwaysAllowed: readonly string[];
  readonly #listeners = new Set<() => void>();
  #trust: Trust = noTrust;
  /** What the certificates of connections prove, until the trust changes. */
  #peers = new WeakMap<TLSSocket, { readonly peer: Peer; readonly until: number }>();

  constructor(reviews: Reviews, clock: Clock, { alwaysAllowPaths = ['/healthz', '/readyz', '/livez'] }: DelegatedAuthOptions) {
    this.#reviews = reviews;
    this.#clock = clock;
    this.#alwaysAllowed = alwaysAllowPaths;
  }

  get clientCas(): readonly string[] {
    return [...this.#trust.clientCas, ...this.#trust.frontProxy.cas].map(String);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  trust(trust: Trust): void {
    this.#trust = trust;
    this.#peers = new WeakMap();
    for (const listener of this.#listeners) listener();
  }

  async authenticate({ headers, socket }: Credentials): Promise<UserInfo | undefined> {
    const peer = this.#peerOf(socket);
    const proxied = peer.isFrontProxy ? proxiedUser(headers, this.#trust) : undefined;
    const byCertificate = proxied ?? peer.user;
    if (byCertificate !== undefined) return authenticated(byCertificate);
    const [scheme, bearer, ...rest] = (headers['authorization']?.[0] ?? '').trim().split(/ +/);
    const isBearer = scheme?.toLowerCase() === 'bearer' && bearer !== undefined && rest.length === 0;
    if (!isBearer) return peer.isPresent ? undefined : anonymous;
    const user = await this.#reviews.user(bearer);
    return user && authenticated(user);
  }

  async authorize(user: UserInfo, attributes: Attributes): Promise<Decision> {
    if (user.groups.includes(masters)) return open;
    if ('path' in attributes && this.#alwaysAllowed.some((allowed) => matches(allowed, attributes.path))) return open;
    if (user.isProxied === true && 'resource' in attributes && (await this.#mayDoWithAll(user, attributes))) return open;
    return this.#reviews.decision(user, attributes);
  }

  /**
   * One answer for all that a proxied user reads, where there would be one for each metric. Nobody else is asked about in this way: an
   * authorizer that refuses single resources to who may read all would not be heard. For the proxied the API server has heard it already.
   */
  async #mayDoWithAll(user: UserInfo, attributes: ResourceAttributes): Promise<boolean> {
    const { allowed } = await this.#reviews.decision(user, { ...attributes, namespace: '', resource: '*' });
    return allowed;
  }

  #peerOf(socket: TLSSocket): Peer {
    const known = this.#peers.get(socket);
    const now = this.#clock.monotonic();
    if (known !== undefined && now < known.until) return known.peer;
    const peer = peerOf(socket, this.#trust, this.#clock.now());
    this.#peers.set(socket, { peer, until: now + peerTtlMs });
    return peer;
  }
}

/** A front proxy may speak for somebody who is not: an anonymous user that the API server let through. */
function authenticated(user: UserInfo): UserInfo {
  const group = 'system:authenticated';
  const isSettled = user.name === anonymous.name || [group, ...anonymous.groups].some((each) => user.groups.includes(each));
  return isSettled ? user : { ...user, groups: [...user.groups, group] };
}

function matches(allowed: string, path: string): boolean {
  return allowed.endsWith('*') ? path.startsWith(allowed.slice(0, -1)) : path === allowed;
}
