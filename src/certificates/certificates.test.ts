import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, SocketAddress } from 'node:net';
import { connect, createServer } from 'node:tls';
import { assert, ipV4, ipV6, oneof, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CertificateAuthority, selfSigned, subjectOf } from './index.ts';

/** `IP Address:…` as Node spells it, in the spelling of addresses that clients ask for. */
function addressesOf({ subjectAltName = '' }: X509Certificate): string[] {
  return [...subjectAltName.matchAll(/IP Address:([^,]+)/g)].map(([, address = '']) =>
    address.includes(':') ? new SocketAddress({ family: 'ipv6', address }).address : address,
  );
}

describe('a self-signed certificate', () => {
  const { certificate, key } = selfSigned({
    organizations: ['Datadog, Inc.'],
    hosts: ['localhost', '127.0.0.1', 'agent.ns.svc', 'fd00::1:2'],
  });
  const parsed = new X509Certificate(certificate);

  it('vouches for itself, as an authority, for ten years', () => {
    expect(parsed.subject).toBe('O=Datadog\\, Inc.');
    expect(parsed.issuer).toBe(parsed.subject);
    expect(parsed.ca).toBe(true);
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(parsed.validToDate.getTime() - parsed.validFromDate.getTime()).toBe(3650 * 86_400_000 + 3_600_000);
    expect(parsed.serialNumber.length).toBeGreaterThanOrEqual(28);
  });

  it('is for servers and clients, of these names', () => {
    expect(parsed.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(parsed.checkHost('localhost')).toBe('localhost');
    expect(parsed.checkHost('agent.ns.svc')).toBe('agent.ns.svc');
    expect(parsed.checkHost('elsewhere')).toBe(undefined);
    expect(parsed.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(addressesOf(parsed)).toEqual(['127.0.0.1', 'fd00::1:2']);
  });

  it('is accepted by a client that trusts it, under TLS 1.3', async () => {
    const server = createServer({ cert: certificate, key, minVersion: 'TLSv1.3' }, (socket) => socket.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ca: certificate });
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    expect(socket.getProtocol()).toBe('TLSv1.3');
    socket.destroy();
    server.close();
    await once(server, 'close');
  });

  it('names any address that there is', () => {
    assert(
      property(oneof(ipV4(), ipV6()), (address) => {
        const [found] = addressesOf(new X509Certificate(selfSigned({ hosts: [address] }).certificate));
        const family = address.includes(':') ? 'ipv6' : 'ipv4';
        expect(found).toBe(new SocketAddress({ family, address }).address);
      }),
      { numRuns: 50 },
    );
  });
});

it('a certificate of an authority is none itself', () => {
  const authority = new CertificateAuthority('test');
  const parsed = new X509Certificate(authority.issue({ commonName: 'server', hosts: ['::1'] }).certificate);
  expect(parsed.ca).toBe(false);
  expect(parsed.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
  expect(addressesOf(parsed)).toEqual(['::1']);
});

describe('subjectOf', () => {
  const subject = (pem: string) => subjectOf(new X509Certificate(pem).raw);

  it('reads names of any characters as they were written', () => {
    const authority = new CertificateAuthority('ca');
    const name = string({ minLength: 1, maxLength: 30, unit: 'grapheme' });
    assert(
      property(name, name, (commonName, organization) => {
        const { certificate } = authority.issue({ commonName, organizations: [organization, 'other'] });
        expect(subject(certificate)).toEqual({ commonName, organizations: [organization, 'other'] });
      }),
      { numRuns: 50 },
    );
  });

  it('reads organizations that stand together in one part of the name, as Go writes them', () => {
    expect(subject(written)).toEqual({ commonName: 'DOM\\us,er + O=x', organizations: ['dev', 'ops'] });
  });
});

/** The subject is `O=dev + O=ops, CN=DOM\us,er + O=x`, written by OpenSSL. */
const written = `
-----BEGIN CERTIFICATE-----
MIIBvjCCAWOgAwIBAgIUfXxTUClKDfQBL/nY/b7VL+aPvzUwCgYIKoZIzj0EAwIw
NDEYMAoGA1UECgwDZGV2MAoGA1UECgwDb3BzMRgwFgYDVQQDDA9ET01cdXMsZXIg
KyBPPXgwHhcNMjYxMTI2MDQ0NjI0WhcNMjYxMjI2MDQ0NjI0WjA0MRgwCgYDVQQK
DANkZXYwCgYDVQQKDANvcHMxGDAWBgNVBAMMD0RPTVx1cyxlciArIE89eDBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABJJYqV0IR7BemQXEFetrdLgzWZ0+PBSmNaXD
XOVmzL4lWo6aVHH8gUpQj8XEWJ7+uN9WiYaBNISfm56yQDEer36jUzBRMB0GA1Ud
DgQWBBR4vXNFfTSUnDtjhvvgLK40uRfhXDAfBgNVHSMEGDAWgBR4vXNFfTSUnDtj
hvvgLK40uRfhXDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQDF
NXBplQHG28jn5tgeJjjv8GA1lH9GNvF2jxyahcMizgIhAKIklzRsFXhvwQ/QEhkm
2TBXMO3pTIZSptza7vcoA6dJ
-----END CERTIFICATE-----
`;
