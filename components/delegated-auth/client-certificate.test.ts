import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CertificateAuthority } from '../../src/certificates/index.ts';
import { certificatesIn, isTrusted } from './client-certificate.ts';

const authority = new CertificateAuthority('clients');
const other = new CertificateAuthority('clients');
const leaf = new X509Certificate(authority.issue({ commonName: 'jane', organizations: ['dev', 'ops'] }).certificate);
const [ca] = certificatesIn(authority.certificate);
const [impostor] = certificatesIn(other.certificate);
const now = Date.now();

describe('isTrusted', () => {
  it('believes a certificate of a known authority, and of no other with the same name', () => {
    expect(
      isTrusted(
        [leaf],
        [impostor, ca].flatMap((each) => each ?? []),
        now,
      ),
    ).toBe(true);
    expect(
      isTrusted(
        [leaf],
        [impostor].flatMap((each) => each ?? []),
        now,
      ),
    ).toBe(false);
    expect(isTrusted([leaf], [], now)).toBe(false);
    expect(
      isTrusted(
        [],
        [ca].flatMap((each) => each ?? []),
        now,
      ),
    ).toBe(false);
  });

  it('does not believe an authority that the client brings itself', () => {
    const strange = new X509Certificate(other.issue({ commonName: 'system:admin', organizations: ['system:masters'] }).certificate);
    expect(isTrusted([strange, ...certificatesIn(other.certificate)], certificatesIn(authority.certificate), now)).toBe(false);
  });

  it('does not believe an authority that is for servers only, whomever it calls a client', () => {
    const [jane, servers, root] = certificatesIn(overServers).map((each) => [each]);
    const at = Date.UTC(2027, 0);
    expect(isTrusted([...(jane ?? []), ...(servers ?? [])], root ?? [], at)).toBe(false);
    expect(isTrusted(jane ?? [], servers ?? [], at)).toBe(false);
  });

  it('looks at the time', () => {
    const years = 11 * 365 * 86_400_000;
    expect(isTrusted([leaf], certificatesIn(authority.certificate), now + years)).toBe(false);
    expect(isTrusted([leaf], certificatesIn(authority.certificate), now - years)).toBe(false);
  });
});

it('reads every certificate of a bundle, and refuses what is none', () => {
  expect(certificatesIn(`${authority.certificate}\nnoise\n${other.certificate}`)).toHaveLength(2);
  expect(certificatesIn('')).toEqual([]);
  expect(() => certificatesIn('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')).toThrow();
});

/** A client, the authority of servers that issued it, and the root above: each valid for a hundred years. */
const overServers = `
-----BEGIN CERTIFICATE-----
MIIBfTCCASKgAwIBAgIUaJQrQCUVp06LQKXM2Fi9XaXZQNwwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHc2VydmVyczAgFw0yNjExMjYwNDQ2MjVaGA8yMTI2MTEwMjA0
NDYyNVowDzENMAsGA1UEAwwEamFuZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
BG8IgUPSJtE5fmtFGnsmKhutGvS8cTCaww/A/v9XfRMVznrrDM/moADpcwExBLsm
7IHggmc4jaHqjQ5tfd3qQf+jVzBVMBMGA1UdJQQMMAoGCCsGAQUFBwMCMB0GA1Ud
DgQWBBSu/4qp2E9nxgjJh5xxfNJojf8N+TAfBgNVHSMEGDAWgBR2TxBNlPScn6O4
8xivRAQdxpqE0zAKBggqhkjOPQQDAgNJADBGAiEA8zOxJGP9WjGB9DbxnuHSS5LP
+EB+U5E4VZ8bvYcfbEcCIQDjdTQBcQj8F3kdj17aC1e2HEr0yIAeI3EG81RVKk8k
dw==
-----END CERTIFICATE-----
-----BEGIN CERTIFICATE-----
MIIBjTCCATOgAwIBAgIUPzbrg3ICti24QT6OYzxGdBAmIycwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEcm9vdDAgFw0yNjExMjYwNDQ2MjVaGA8yMTI2MTEwMjA0NDYy
NVowEjEQMA4GA1UEAwwHc2VydmVyczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
BOiYBhLOENNSQ2glwB4rKUDOAq/YZ4n8bz+MbREtDcI6DLnx7Lpex5/rgHU9xKGU
W+7WOQi6nhWlPVw8C59gK4+jaDBmMA8GA1UdEwEB/wQFMAMBAf8wEwYDVR0lBAww
CgYIKwYBBQUHAwEwHQYDVR0OBBYEFHZPEE2U9Jyfo7jzGK9EBB3GmoTTMB8GA1Ud
IwQYMBaAFMP0os27/dqaIdh3NoJnfSf2inCKMAoGCCqGSM49BAMCA0gAMEUCIQD2
GXt7xA0Uaf1Y1U9tjrTlAeFn/z4xm9Rgljw2PwfBwQIget9EI8UhYsOMi+0NDJrU
Pq/SeLbEO0vD59+Ah4FnY7c=
-----END CERTIFICATE-----
-----BEGIN CERTIFICATE-----
MIIBdDCCARugAwIBAgIUD/uj9D4MPKb+iHwRrl2r+WKCvrowCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEcm9vdDAgFw0yNjExMjYwNDQ2MjVaGA8yMTI2MTEwMjA0NDYy
NVowDzENMAsGA1UEAwwEcm9vdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAZ9
vCIV8d/MdU/phdW1F0Xw1ViRvsbYw88UVOu+0KHbz8xPtPpacinEoQbRgQMxVwZg
dhyVTqkMswqNeWwgBOKjUzBRMB0GA1UdDgQWBBTD9KLNu/3amiHYdzaCZ30n9opw
ijAfBgNVHSMEGDAWgBTD9KLNu/3amiHYdzaCZ30n9opwijAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0cAMEQCIDM87tJ7yI4hah7wWDX3Dnwh0NBaR4vCsWGG
ucZRWAbpAiBLrm88rH7auJvUMdr72zaBk/RNpEAYQuku2uNGZil2PQ==
-----END CERTIFICATE-----
`;
