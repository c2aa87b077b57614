import { randomBytes } from 'node:crypto';
import { Deleter } from './api/deleter.ts';
import { Patcher } from './api/patcher.ts';
import type { Surroundings } from './api/prepare.ts';
import { Reader } from './api/reader.ts';
import { keyOf } from './api/request.ts';
import { Watcher } from './api/watcher.ts';
import { WebhookAdmission } from './api/webhooks.ts';
import { Writer, type WriterParts } from './api/writer.ts';
import type { Clock } from './clock.ts';
import { Controllers, followDefinitions } from './controllers/controllers.ts';
import { Faults } from './faults.ts';
import { Aggregation } from './http/aggregation.ts';
import { Discovery } from './http/discovery.ts';
import { FaultGate } from './http/fault-gate.ts';
import { OpenApi } from './http/openapi.ts';
import { ResourceHandler, type ResourceParts } from './http/resource-handler.ts';
import { Router } from './http/router.ts';
import { HttpServer, type Traffic } from './http/server.ts';
import { ServiceResolver } from './http/service-endpoint.ts';
import type { KubeObject } from './json.ts';
import { Registry } from './resources/registry.ts';
import { Authenticator } from './security/authentication.ts';
import { Authorizer } from './security/authorization.ts';
import { BOOTSTRAP_NAMESPACES, authenticationReader, bootstrapRoles } from './security/bootstrap.ts';
import { CertificateAuthority } from '../../certificates/index.ts';
import { type Credentials, kubeconfigText } from './security/kubeconfig.ts';
import { API_AUDIENCE, TokenIssuer } from './security/tokens.ts';
import { Store } from './storage/store.ts';
import { SystemObjects } from './system-objects.ts';

/** How a cluster is started; every field may be left out. */
export interface ClusterOptions {
  /** The port on 127.0.0.1. Default 0: a free one. */
  readonly port?: number;
  /** The wall clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
  /** Changes of each resource that are kept for watches to resume from; older versions are answered with 410. Default 10 000. */
  readonly historyMax?: number;
  /** Milliseconds between the bookmarks of a watch. Default 60 000, as the real server. */
  readonly bookmarkMs?: number;
  /** Whether namespaces empty themselves, dependents follow their owners, and namespaces get a service account. Default true. */
  readonly controllers?: boolean;
}

/** Who a client is: a user with groups, or a service account. */
export type Identity =
  | { readonly user: string; readonly groups?: readonly string[]; readonly with?: 'certificate' | 'token' }
  | { readonly serviceAccount: string; readonly namespace: string };

/** What a client needs to be somebody. */
export interface ClusterClient extends Credentials {
  readonly url: string;
  /** The cluster's CA, PEM. */
  readonly ca: string;
  /** The same as a kubeconfig file's text. */
  readonly kubeconfig: string;
}

/** A cluster that runs in this process. */
export interface Cluster {
  readonly url: string;
  /** The cluster's CA, PEM. */
  readonly ca: string;
  /** A kubeconfig file's text for an administrator with a client certificate. */
  readonly kubeconfig: string;
  /** What goes wrong, for whom. */
  readonly faults: Faults;
  /** Objects, past the API. */
  readonly objects: SystemObjects;
  /** Credentials for somebody: nothing is granted by them, that is for RBAC. A service account is created where it is missing. */
  clientFor(identity: Identity): ClusterClient;
  /** Connections and requests of a user so far: proof of keep-alive. */
  traffic(user: string): Traffic;
  /** Sends a bookmark to every watch that asked for them. */
  sendBookmarks(): void;
  /** From now on webhooks and API services that name the service `namespace/name` are sent to `url`. */
  routeService(service: string, url: string): void;
  /** Cuts every connection and frees everything. Doing so again does nothing. */
  stop(): Promise<void>;
}

const VERSION = { major: '1', minor: '32', gitVersion: 'v1.32.0-in-process' };
const TOKEN_LIFETIME_MS = 3_600_000;
const FIRST_NODE_PORT = 30_000;

/**
 * Starts a Kubernetes API server in this process, on loopback. No etcd, no nodes: what the API itself does, and no more.
 * Rejects where the port is taken.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const gate = new FaultGate();
  const faults = new Faults(gate);
  const now = options.now ?? Date.now;
  const clock = { now: () => now() + faults.skew };
  const store = new Store({ historyMax: options.historyMax ?? 10_000 });
  const registry = new Registry();
  const around: Surroundings = { now: clock.now, namespace: (name) => store.bucket('namespaces').get(name)?.object, allocate: allocator() };
  const objects = new SystemObjects({ store, registry, around });
  const { account, issuer, authority, proxyAuthority, authenticator, authorizer, identity } = security(store, clock);
  const services = new ServiceResolver(store);
  const aggregation = new Aggregation({ store, clock, services, proxyClient: proxyAuthority.issue({ commonName: 'front-proxy-client' }) });
  followDefinitions({ store, registry });
  const parts = { store, registry, around, admission: new WebhookAdmission(store, services) };
  const reviews = { authenticator, authorizer, issuer, clock, account };
  const resources = resourceHandler(parts, { reviews, faults, gate, bookmarkMs: options.bookmarkMs ?? 60_000 });
  const discovery = new Discovery(registry, () => aggregation.groups());
  const router = new Router({ authorizer, registry, discovery, openApi: new OpenApi(registry), resources, aggregation, version: VERSION });
  const server = new HttpServer({ identity, authority: authority.certificate, authenticator, router, faults, gate });
  const system = { store, registry, clock, objects, authority: authority.certificate };
  const controllers = options.controllers === false ? undefined : new Controllers(system);
  const port = await server.listen(options.port ?? 0);
  const url = `https://127.0.0.1:${port}`;
  bootstrap(objects, { authority: authority.certificate, proxyAuthority: proxyAuthority.certificate, port });
  const clients = new Clients({ url, authority, authenticator, issuer, objects, clock });
  return {
    url,
    ca: authority.certificate,
    kubeconfig: clients.clientFor({ user: 'admin', groups: ['system:masters'] }).kubeconfig,
    faults,
    objects,
    clientFor: (who) => clients.clientFor(who),
    traffic: (user) => server.traffic(user),
    sendBookmarks: () => gate.sendBookmarks(),
    routeService: (service, to) => services.route(service, to),
    stop: once(async () => {
      controllers?.stop();
      aggregation.stop();
      await server.close();
    }),
  };
}

function resourceHandler(parts: WriterParts, rest: Pick<ResourceParts, 'reviews' | 'faults' | 'gate' | 'bookmarkMs'>): ResourceHandler {
  const writer = new Writer(parts);
  return new ResourceHandler({
    ...rest,
    reader: new Reader(parts.store),
    writer,
    patcher: new Patcher(writer, parts),
    deleter: new Deleter(parts),
    watcher: new Watcher(parts.store),
  });
}

/** Who may ask, and with what: certificates, tokens, and the objects that both are checked against. */
function security(store: Store, clock: Clock) {
  const account = (namespace: string, name: string): KubeObject | undefined =>
    store.bucket('serviceaccounts').get(keyOf(namespace, name))?.object;
  const issuer = new TokenIssuer(clock);
  const authority = new CertificateAuthority('in-process-ca');
  const hosts = ['127.0.0.1', 'localhost', '::1', 'kubernetes.default.svc'];
  return {
    account,
    issuer,
    authority,
    proxyAuthority: new CertificateAuthority('front-proxy-ca'),
    authenticator: new Authenticator(issuer, account),
    authorizer: new Authorizer(rbacSource(store)),
    identity: authority.issue({ commonName: 'kube-apiserver', hosts }),
  };
}

function once(stop: () => Promise<void>): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  return () => (stopping ??= stop());
}

/** Service addresses count up from 10.0.0.2, node ports from 30000. */
function allocator(): Surroundings['allocate'] {
  let last = 1;
  return () => {
    last += 1;
    return { address: `10.0.${(last >>> 8) & 0xff}.${last & 0xff}`, nodePort: FIRST_NODE_PORT + last };
  };
}

function rbacSource(store: Store): ConstructorParameters<typeof Authorizer>[0] {
  const bucket = (plural: string) => store.bucket(`${plural}.rbac.authorization.k8s.io`);
  return {
    *list(plural, namespace) {
      for (const { object } of bucket(plural).list(namespace === undefined ? '' : `${namespace}/`)) yield object;
    },
    get: (plural, namespace, name) => bucket(plural).get(keyOf(namespace, name))?.object,
  };
}

interface Bootstrap {
  readonly authority: string;
  readonly proxyAuthority: string;
  readonly port: number;
}

function bootstrap(objects: SystemObjects, { authority, proxyAuthority, port }: Bootstrap): void {
  for (const name of BOOTSTRAP_NAMESPACES) objects.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const object of [...bootstrapRoles(), ...authenticationReader()]) objects.put(object);
  const ports = [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }];
  objects.put({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kubernetes', namespace: 'default' },
    spec: { clusterIP: '10.0.0.1', ports },
  });
  const subsets = [{ addresses: [{ ip: '127.0.0.1' }], ports: [{ name: 'https', port, protocol: 'TCP' }] }];
  objects.put({ apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'kubernetes', namespace: 'default' }, subsets });
  const data = {
    'client-ca-file': authority,
    'requestheader-client-ca-file': proxyAuthority,
    'requestheader-allowed-names': '["front-proxy-client"]',
    'requestheader-username-headers': '["X-Remote-User"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
  };
  objects.put({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
    data,
  });
}

interface ClientsParts {
  readonly url: string;
  readonly authority: CertificateAuthority;
  readonly authenticator: Authenticator;
  readonly issuer: TokenIssuer;
  readonly objects: SystemObjects;
  readonly clock: { now(): number };
}

class Clients {
  readonly #parts: ClientsParts;

  constructor(parts: ClientsParts) {
    this.#parts = parts;
  }

  clientFor(identity: Identity): ClusterClient {
    const { url, authority } = this.#parts;
    const credentials = 'user' in identity ? this.#userCredentials(identity) : { token: this.#accountToken(identity) };
    const user = 'user' in identity ? identity.user : identity.serviceAccount;
    const kubeconfig = kubeconfigText({ url, authority: authority.certificate, user, credentials });
    return { url, ca: authority.certificate, kubeconfig, ...credentials };
  }

  #userCredentials({ user, groups = [], with: kind = 'certificate' }: Extract<Identity, { user: string }>): Credentials {
    if (kind === 'certificate') return this.#parts.authority.issue({ commonName: user, organizations: groups });
    const token = randomBytes(24).toString('base64url');
    this.#parts.authenticator.addToken(token, { name: user, groups });
    return { token };
  }

  #accountToken({ serviceAccount: name, namespace }: Extract<Identity, { serviceAccount: string }>): string {
    const { objects, issuer, clock } = this.#parts;
    const type = { apiVersion: 'v1', kind: 'ServiceAccount' };
    const account = objects.get({ ...type, namespace, name }) ?? objects.put({ ...type, metadata: { name, namespace } });
    const expiresAt = clock.now() + TOKEN_LIFETIME_MS;
    return issuer.issue({ namespace, account: name, uid: account.metadata.uid ?? '', audiences: [API_AUDIENCE], expiresAt });
  }
}
