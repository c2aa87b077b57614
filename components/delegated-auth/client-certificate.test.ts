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
