import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CertificateAuthority, type CertificateRequest } from '../../src/certificates/index.ts';
import { manualClock, testApp, type TestedApp } from '../../src/fx/testing.ts';
import { type Cluster, startCluster } from '../../src/testkit/cluster/index.ts';
import { kubernetesAs } from '../../test/kubernetes/support.ts';
import type { Logged } from '../log/fake.ts';
import { informers } from '../kubernetes/informers.ts';
import { apiServerAuth } from './api-server.ts';
import { DelegatedAuth, type Credentials } from './index.ts';

const requires = { auth: DelegatedAuth };
const authority = new CertificateAuthority('clients-and-proxies');
/** As long as certificates of the test are valid. */
const validMs = 3650 * 86_400_000;
const published = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'kube-system', name: 'extension-apiserver-authentication' },
};

/** A connection whose client has shown a certificate. */
function connection(request: CertificateRequest): TLSSocket {
  const { raw, fingerprint256 } = new X509Certificate(authority.issue(request).certificate);
  return { getPeerCertificate: () => ({ raw, fingerprint256 }) } as unknown as TLSSocket;
}

describe('who sends a request', () => {
  let cluster: Cluster;
  let clock: ReturnType<typeof manualClock>;
  let app: TestedApp<typeof requires>;
  let logged: Logged[];

  beforeEach(async () => {
    cluster = await startCluster({ controllers: false });
    const data = {
      'client-ca-file': authority.certificate,
      'requestheader-client-ca-file': authority.certificate,
      'requestheader-allowed-names': '["proxy"]',
      'requestheader-username-headers': '["X-Remote-User"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    };
    cluster.objects.put({ ...published, data });
    clock = manualClock(Date.now() + validMs - 60_000);
    logged = [];
    const agent = cluster.clientFor({ user: 'agent', groups: ['system:masters'] });
    app = await testApp([...kubernetesAs(agent, { logged }), informers, apiServerAuth], { requires, clock });
    await expect.poll(() => app.needs.auth.clientCas).toContain(authority.certificate);
  });
  afterEach(async () => {
    await app.stop();
    await cluster.stop();
  });

  const groupsOf = async (socket: TLSSocket, headers: Credentials['headers'] = {}): Promise<readonly string[] | undefined> =>
    (await app.needs.auth.authenticate({ headers, socket }))?.groups;

  it('is authenticated, unless the front proxy says that it is not', async () => {
    const proxy = connection({ commonName: 'proxy' });
    const named = (name: string, ...groups: readonly string[]): Credentials['headers'] => ({
      'x-remote-user': [name],
      'x-remote-group': groups,
    });
    expect(await groupsOf(proxy, named('jane', 'dev'))).toEqual(['dev', 'system:authenticated']);
    expect(await groupsOf(proxy, named('jane', 'system:authenticated'))).toEqual(['system:authenticated']);
    expect(await groupsOf(proxy, named('system:anonymous', 'system:unauthenticated'))).toEqual(['system:unauthenticated']);
    expect(await groupsOf(proxy, named('system:anonymous'))).toEqual([]);
  });

  it('is nobody by a certificate without a name, whatever the groups in it', async () => {
    expect(await groupsOf(connection({ commonName: 'jane', organizations: ['dev'] }))).toEqual(['dev', 'system:authenticated']);
    expect(await groupsOf(connection({ organizations: ['system:masters'] }))).toBeUndefined();
  });

  it('is nobody any more once the certificate has expired, on a connection that lives on', async () => {
    const jane = connection({ commonName: 'jane' });
    expect(await groupsOf(jane)).toEqual(['system:authenticated']);
    await clock.advance(70_000);
    expect(await groupsOf(jane)).toBeUndefined();
  });

  it('is nobody while the API server cannot be asked about a token, which is logged once', async () => {
    const socket = { getPeerCertificate: () => ({}) } as unknown as TLSSocket;
    const judge = (token: string) => app.needs.auth.authenticate({ headers: { authorization: [`Bearer ${token}`] }, socket });
    const broken = cluster.faults.add({ kind: 'refuse', code: 403, when: ({ plural }) => plural === 'tokenreviews' });
    await expect(judge('a')).rejects.toThrow();
    await expect(judge('b')).rejects.toThrow();
    const warnings = (): Logged[] => logged.filter(({ level }) => level === 'warn');
    expect(warnings()).toMatchObject([{ message: expect.stringContaining('system:auth-delegator') }]);
    expect(JSON.stringify(warnings())).not.toContain('Bearer');
    broken.remove();
    expect(await judge('a')).toBeUndefined();
    cluster.faults.add({ kind: 'refuse', code: 403, when: ({ plural }) => plural === 'tokenreviews' });
    await expect(judge('c')).rejects.toThrow();
    expect(warnings()).toHaveLength(2);
  });
});
