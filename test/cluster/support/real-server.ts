import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { type Server, createServer } from 'node:net';
import { generateKeyPairSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CertificateAuthority, type KeyPair } from '../../../src/certificates/index.ts';
import { kubeconfigText } from '../../../src/testkit/cluster/security/kubeconfig.ts';

/** A kube-apiserver with its etcd, both started here and stopped by `stop`. */
export interface RealServer {
  readonly url: string;
  readonly authority: CertificateAuthority;
  stop(): Promise<void>;
}

export interface RealServerOptions {
  /** Run `kube-controller-manager` too, with workloads and autoscalers that are looked at every 2 s. Default false. */
  readonly controllers?: boolean;
}

/**
 * Starts `etcd` and `kube-apiserver` of the folder `assets` on free loopback ports, with fresh certificates and a fresh data folder.
 * Throws, with the end of what they wrote, when the server is not ready within a minute.
 */
export async function startRealServer(assets: string, { controllers = false }: RealServerOptions = {}): Promise<RealServer> {
  const folder = await mkdtemp(join(tmpdir(), 'kube-apiserver-'));
  const authority = new CertificateAuthority('test-ca');
  const [clientPort, peerPort, port] = await freePorts(3);
  const etcd = start(join(assets, 'etcd'), [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=http://127.0.0.1:${clientPort}`,
    `--advertise-client-urls=http://127.0.0.1:${clientPort}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    '--unsafe-no-fsync',
    '--log-level=error',
  ]);
  await writeSecrets(folder, authority);
  const apiserver = start(join(assets, 'kube-apiserver'), [
    `--etcd-servers=http://127.0.0.1:${clientPort}`,
    `--secure-port=${port}`,
    ...apiserverFlags(folder),
  ]);
  let manager: Running | undefined;
  const stop = async (): Promise<void> => {
    if (manager !== undefined) await kill(manager.process);
    // The API server first: it hangs on a clean stop, and without etcd even more so.
    await kill(apiserver.process);
    await kill(etcd.process);
    await rm(folder, { recursive: true, force: true });
  };
  const url = `https://127.0.0.1:${port}`;
  try {
    await ready(url, authority);
  } catch (error) {
    await stop();
    throw new Error(`kube-apiserver did not become ready\n${etcd.output()}\n${apiserver.output()}`, { cause: error });
  }
  if (controllers) manager = await startManager(assets, { folder, url, authority });
  return { url, authority, stop };
}

interface Managed {
  readonly folder: string;
  readonly url: string;
  readonly authority: CertificateAuthority;
}

async function startManager(assets: string, { folder, url, authority }: Managed): Promise<Running> {
  const user = 'system:kube-controller-manager';
  const { certificate, key } = authority.issue({ commonName: user });
  const kubeconfig = join(folder, 'manager.kubeconfig');
  const credentials = { certificate, key };
  await writeFile(kubeconfig, kubeconfigText({ url, authority: authority.certificate, user, credentials }), { mode: 0o600 });
  return start(join(assets, 'kube-controller-manager'), [
    `--kubeconfig=${kubeconfig}`,
    '--controllers=horizontalpodautoscaling,deployment,replicaset,namespace,serviceaccount,serviceaccount-token,garbagecollector,endpoint',
    '--leader-elect=false',
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${join(folder, 'accounts.key')}`,
    `--root-ca-file=${join(folder, 'ca.crt')}`,
    '--horizontal-pod-autoscaler-sync-period=2s',
    '--horizontal-pod-autoscaler-downscale-stabilization=2s',
    '--port=0',
    '--secure-port=0',
  ]);
}

function apiserverFlags(folder: string): string[] {
  const file = (name: string): string => join(folder, name);
  return [
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--tls-cert-file=${file('server.crt')}`,
    `--tls-private-key-file=${file('server.key')}`,
    `--client-ca-file=${file('ca.crt')}`,
    `--service-account-key-file=${file('accounts.key')}`,
    `--service-account-signing-key-file=${file('accounts.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--authorization-mode=RBAC,Node',
    // No controller manager makes the accounts that this plugin demands.
    '--disable-admission-plugins=ServiceAccount',
    `--requestheader-client-ca-file=${file('proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${file('proxy.crt')}`,
    `--proxy-client-key-file=${file('proxy.key')}`,
  ];
}

async function writeSecrets(folder: string, authority: CertificateAuthority): Promise<void> {
  const server = authority.issue({ commonName: 'kube-apiserver', hosts: ['127.0.0.1', 'localhost', '10.0.0.1'] });
  // Of its own, so that nobody whom the cluster trusts as a client is taken for the proxy.
  const proxyAuthority = new CertificateAuthority('front-proxy-ca');
  const proxy = proxyAuthority.issue({ commonName: 'front-proxy-client' });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const files: Record<string, string> = {
    'ca.crt': authority.certificate,
    'server.crt': server.certificate,
    'server.key': server.key,
    'proxy-ca.crt': proxyAuthority.certificate,
    'proxy.crt': proxy.certificate,
    'proxy.key': proxy.key,
    'accounts.key': privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  };
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text, { mode: 0o600 })));
}

interface Running {
  readonly process: ChildProcess;
  output(): string;
}

function start(command: string, args: readonly string[]): Running {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-4000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.on('error', (error) => keep(Buffer.from(error.message)));
  return { process: child, output: () => output };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

async function ready(url: string, authority: CertificateAuthority): Promise<void> {
  const admin = authority.issue({ commonName: 'probe', organizations: ['system:masters'] });
  const deadline = Date.now() + 60_000;
  for (;;) {
    const status = await probe(url, authority, admin).catch((error: unknown) => error);
    if (status === 200) return;
    if (Date.now() > deadline) throw new Error(`/readyz: ${String(status)}`);
    await sleep(100);
  }
}

function probe(url: string, authority: CertificateAuthority, admin: KeyPair): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { ca: authority.certificate, cert: admin.certificate, key: admin.key, agent: false };
    request(`${url}/readyz`, options, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    })
      .on('error', reject)
      .end();
  });
}

/** Ports that were free a moment ago: the listeners are closed together, so they differ from each other. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => portOf(server));
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** The port on which a server listens. */
export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
