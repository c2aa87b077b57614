import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { startCluster } from '../../../src/testkit/cluster/index.ts';
import { type Json, arrayAt, textAt } from '../../../src/testkit/cluster/json.ts';
import { type Access, TestClient } from './client.ts';
import { type RealServerOptions, startRealServer } from './real-server.ts';

/** A server that the suite runs against. */
export interface Server {
  readonly admin: TestClient;
  /** What `user`, in `groups`, connects with; RBAC decides what that may do. */
  accessFor(user: string, groups?: readonly string[]): Access;
  /** A client that is `user`, in `groups`, and may do what RBAC grants. */
  clientFor(user: string, groups?: readonly string[]): TestClient;
  stop(): Promise<void>;
}

/** A server that can be started, with the name under which the suite reports it. */
export interface Subject {
  readonly name: string;
  readonly inProcess: boolean;
  /** Whether it can send requests to servers of this machine. */
  readonly reachesUs: boolean;
  /** Whether it can be started with the controllers of workloads and autoscalers. */
  readonly hasControllers: boolean;
  start(options?: RealServerOptions): Promise<Server>;
}

/** The in-process server, and every real one that the environment offers. */
export function subjects(): Subject[] {
  const { KUBEBUILDER_ASSETS: assets, KUBECONFIG: kubeconfig } = process.env;
  const found: Subject[] = [
    { name: 'the in-process server', inProcess: true, reachesUs: true, hasControllers: false, start: () => inProcess() },
  ];
  if (assets !== undefined && assets !== '')
    found.push({
      name: 'kube-apiserver of KUBEBUILDER_ASSETS',
      inProcess: false,
      reachesUs: true,
      hasControllers: existsSync(join(assets, 'kube-controller-manager')),
      start: (options) => fromAssets(assets, options),
    });
  if (kubeconfig !== undefined && kubeconfig !== '')
    found.push({
      name: 'the cluster of KUBECONFIG',
      inProcess: false,
      reachesUs: false,
      hasControllers: false,
      start: () => fromKubeconfig(kubeconfig),
    });
  return found;
}

/** Keeps the clients that it makes, to close them at the end. */
class Clients {
  readonly #made: TestClient[] = [];

  make(access: Access): TestClient {
    const client = new TestClient(access);
    this.#made.push(client);
    return client;
  }

  /** The part of a server that follows from whom one can be on it. */
  over(accessFor: Server['accessFor']): Pick<Server, 'accessFor' | 'admin' | 'clientFor'> {
    const clientFor: Server['clientFor'] = (user, groups) => this.make(accessFor(user, groups));
    return { accessFor, admin: clientFor('admin', ['system:masters']), clientFor };
  }

  close(): void {
    for (const client of this.#made) client.close();
  }
}

async function inProcess(): Promise<Server> {
  const cluster = await startCluster();
  const clients = new Clients();
  const accessFor = (user: string, groups: readonly string[] = []): Access => {
    const { certificate = '', key = '' } = cluster.clientFor({ user, groups });
    return { url: cluster.url, ca: cluster.ca, cert: certificate, key };
  };
  return {
    ...clients.over(accessFor),
    stop: async () => {
      clients.close();
      await cluster.stop();
    },
  };
}

async function fromAssets(assets: string, options?: RealServerOptions): Promise<Server> {
  const server = await startRealServer(assets, options);
  const clients = new Clients();
  const accessFor = (user: string, groups: readonly string[] = []): Access => {
    const { certificate, key } = server.authority.issue({ commonName: user, organizations: groups });
    return { url: server.url, ca: server.authority.certificate, cert: certificate, key };
  };
  return {
    ...clients.over(accessFor),
    stop: async () => {
      clients.close();
      await server.stop();
    },
  };
}

/** Somebody else's cluster gives us no certificates: other users are impersonated. */
async function fromKubeconfig(path: string): Promise<Server> {
  const config: Json = parse(await readFile(path, 'utf8'));
  const context = arrayAt(config, 'contexts').find((each) => textAt(each, 'name') === textAt(config, 'current-context'));
  const named = (list: string, name: string): Json | undefined => arrayAt(config, list).find((each) => textAt(each, 'name') === name);
  const cluster = named('clusters', textAt(context, 'context', 'cluster'));
  const user = named('users', textAt(context, 'context', 'user'));
  const decoded = (value: string): string => Buffer.from(value, 'base64').toString();
  const token = textAt(user, 'user', 'token');
  const access: Access = {
    url: textAt(cluster, 'cluster', 'server'),
    ca: decoded(textAt(cluster, 'cluster', 'certificate-authority-data')),
    ...(token === ''
      ? { cert: decoded(textAt(user, 'user', 'client-certificate-data')), key: decoded(textAt(user, 'user', 'client-key-data')) }
      : { token }),
  };
  const clients = new Clients();
  const isMaster = (groups: readonly string[]): boolean => groups.includes('system:masters');
  const accessFor = (name: string, groups: readonly string[] = []): Access =>
    isMaster(groups) ? access : { ...access, headers: { 'Impersonate-User': name } };
  return { ...clients.over(accessFor), stop: () => Promise.resolve(clients.close()) };
}
