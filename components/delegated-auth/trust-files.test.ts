import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CertificateAuthority } from '../../src/certificates/index.ts';
import { supply } from '../../src/fx/index.ts';
import { manualClock, testApp } from '../../src/fx/testing.ts';
import { startCluster, type Cluster } from '../../src/testkit/cluster/index.ts';
import { kubernetesAs } from '../../test/kubernetes/support.ts';
import { informers } from '../kubernetes/informers.ts';
import { apiServerAuth } from './api-server.ts';
import { DelegatedAuth, DelegatedAuthOptions, type Credentials } from './index.ts';

const [ours, others] = [new CertificateAuthority('ours'), new CertificateAuthority('others')];

/** A request over a connection whose client has shown a certificate of an authority. */
function from(authority: CertificateAuthority, commonName: string, headers: Credentials['headers'] = {}): Credentials {
  const { raw, fingerprint256 } = new X509Certificate(authority.issue({ commonName }).certificate);
  const socket = { getPeerCertificate: () => ({ raw, fingerprint256 }) };
  return { headers, socket: socket as unknown as TLSSocket };
}

describe('authorities from files', () => {
  let cluster: Cluster;
  let folder: string;
  beforeEach(async () => {
    cluster = await startCluster();
    folder = await mkdtemp(join(tmpdir(), 'trust-files-'));
  });
  afterEach(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true });
  });

  const judging = async (options: DelegatedAuthOptions) => {
    const clock = manualClock(Date.now());
    const identity = cluster.clientFor({ user: 'agent', groups: ['system:masters'] });
    const list = [...kubernetesAs(identity), informers, supply(DelegatedAuthOptions, options), apiServerAuth] as const;
    const tested = await testApp(list, { requires: { auth: DelegatedAuth }, clock });
    const { auth } = tested.needs;
    const nameOf = async (credentials: Credentials): Promise<string | undefined> => (await auth.authenticate(credentials))?.name;
    return { clock, auth, nameOf, [Symbol.asyncDispose]: () => tested[Symbol.asyncDispose]() };
  };
  const file = (name: string, content: string): Promise<void> => writeFile(join(folder, name), content);

  it('stand in the place of those that are published, and leave the others alone', async () => {
    await file('clients.crt', ours.certificate);
    await using tested = await judging({ clientCaFile: join(folder, 'clients.crt') });
    await expect.poll(() => tested.nameOf(from(ours, 'jane'))).toBe('jane');
    // Beside ours, that of the cluster's front proxy.
    await expect.poll(() => tested.auth.clientCas).toHaveLength(2);
    expect(tested.auth.clientCas).toContain(ours.certificate);
    expect(tested.auth.clientCas).not.toContain(cluster.ca);
  });

  it('are read again, and count until there are others that can be read', async () => {
    await file('clients.crt', ours.certificate);
    await using tested = await judging({ clientCaFile: join(folder, 'clients.crt'), isLookupSkipped: true });
    await expect.poll(() => tested.nameOf(from(ours, 'jane'))).toBe('jane');
    await file('clients.crt', '-----BEGIN CERTIFICATE-----\nnonsense');
    await tested.clock.advance(60_000);
    expect(await tested.nameOf(from(ours, 'jane'))).toBe('jane');
    await file('clients.crt', others.certificate);
    await tested.clock.advance(60_000);
    await expect.poll(() => tested.nameOf(from(others, 'joe'))).toBe('joe');
    expect(await tested.nameOf(from(ours, 'jane'))).toBeUndefined();
  });

  it('are taken when they come late', async () => {
    await using tested = await judging({ clientCaFile: join(folder, 'clients.crt'), isLookupSkipped: true });
    expect(await tested.nameOf(from(ours, 'jane'))).toBeUndefined();
    await file('clients.crt', ours.certificate);
    await tested.clock.advance(60_000);
    await expect.poll(() => tested.nameOf(from(ours, 'jane'))).toBe('jane');
  });

  it('say which front proxy is believed, and by which headers', async () => {
    await file('proxies.crt', ours.certificate);
    const names = { frontProxyNames: ['proxy'], usernameHeaders: ['X-User'] };
    await using tested = await judging({ frontProxyCaFile: join(folder, 'proxies.crt'), ...names });
    const headers = { 'x-user': ['jane'], 'x-remote-user': ['joe'], 'x-remote-group': ['dev'], 'x-remote-extra-floor': ['3'] };
    await expect.poll(() => tested.nameOf(from(ours, 'proxy', headers))).toBe('jane');
    expect(await tested.auth.authenticate(from(ours, 'proxy', headers))).toMatchObject({ groups: ['dev', 'system:authenticated'] });
    expect(await tested.nameOf(from(ours, 'somebody', headers))).toBeUndefined();
    expect(await tested.nameOf(from(others, 'proxy', headers))).toBeUndefined();
  });
});
