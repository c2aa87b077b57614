import { type KeyObject, createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { bits, boolean, element, integer, objectIdentifier, octets, sequence, set, time, utf8 } from './der.ts';

const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate is made for. */
export interface CertificateRequest {
  /** The subject's CN: for a Kubernetes client, the user name. */
  readonly commonName: string;
  /** The subject's O values: for a Kubernetes client, its groups. Default none. */
  readonly organizations?: readonly string[];
  /** DNS names and IP addresses that a server certificate is valid for. Default none. */
  readonly hosts?: readonly string[];
}

interface Issuer {
  readonly name: Buffer;
  readonly key: KeyObject;
}

/**
 * A certificate authority that lives in memory: EC P-256 keys, SHA-256 signatures, certificates valid from an hour ago for ten years.
 * Certificates are written by our own DER encoder: the libraries that could do it cost more to import than a whole cluster start.
 */
export class CertificateAuthority {
  /** The authority's own certificate, PEM: what clients must trust. */
  readonly certificate: string;
  /** The authority's private key, PEM. */
  readonly key: string;
  readonly #issuer: Issuer;

  constructor(commonName: string) {
    const keys = newKeys();
    const name = distinguishedName({ commonName });
    this.#issuer = { name, key: keys.privateKey };
    this.certificate = certificate({ subject: name, publicKey: keys.publicKey, extensions: authorityExtensions }, this.#issuer);
    this.key = pemKey(keys.privateKey);
  }

  /** Makes a fresh key and a certificate for it, good for both server and client authentication. */
  issue(request: CertificateRequest): KeyPair {
    const keys = newKeys();
    const subject = distinguishedName(request);
    const extensions = leafExtensions(request.hosts ?? []);
    return { certificate: certificate({ subject, publicKey: keys.publicKey, extensions }, this.#issuer), key: pemKey(keys.privateKey) };
  }
}

/** The CN and O values of a client certificate, in the order in which they stand in it. */
export function subjectOf(der: Uint8Array): { commonName: string; organizations: string[] } {
  const lines = new X509Certificate(der).subject.split('\n');
  const values = (key: string): string[] =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1).replaceAll('\\', ''));
  return { commonName: values('CN')[0] ?? '', organizations: values('O') };
}

function newKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** SEC1, because Go's and OpenSSL's key loaders both read it wherever they read PKCS #8. */
function pemKey(key: KeyObject): string {
  return key.export({ type: 'sec1', format: 'pem' }).toString();
}

function attribute(type: string, value: string): Buffer {
  return set(sequence(objectIdentifier(type), utf8(value)));
}

function distinguishedName({ commonName, organizations = [] }: CertificateRequest): Buffer {
  return sequence(...organizations.map((value) => attribute('2.5.4.10', value)), attribute('2.5.4.3', commonName));
}

interface Unsigned {
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

function certificate({ subject, publicKey, extensions }: Unsigned, issuer: Issuer): string {
  const now = Date.now();
  const body = sequence(
    element(0xa0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    ECDSA_WITH_SHA256,
    issuer.name,
    sequence(time(new Date(now - 3_600_000)), time(new Date(now + 3650 * DAY_MS))),
    subject,
    createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({ type: 'spki', format: 'der' }),
    element(0xa3, sequence(...extensions)),
  );
  const signed = sequence(body, ECDSA_WITH_SHA256, bits(sign('sha256', body, issuer.key)));
  const lines = signed.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function extension(type: string, value: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(type), ...(critical ? [boolean(true)] : []), octets(value));
}

const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE = '2.5.29.15';

/** Key usage bits: digitalSignature, keyEncipherment and keyCertSign; the last only for the authority. */
const authorityExtensions = [
  extension(BASIC_CONSTRAINTS, sequence(boolean(true)), true),
  extension(KEY_USAGE, bits(Buffer.from([0xa4]), 2), true),
];

function leafExtensions(hosts: readonly string[]): Buffer[] {
  const names = hosts.map((host) => (isIP(host) === 0 ? element(0x82, Buffer.from(host)) : element(0x87, addressBytes(host))));
  return [
    extension(BASIC_CONSTRAINTS, sequence(), true),
    extension(KEY_USAGE, bits(Buffer.from([0xa0]), 5), true),
    extension('2.5.29.37', sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'), objectIdentifier('1.3.6.1.5.5.7.3.2'))),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', sequence(...names))]),
  ];
}

/** IPv4 only, and the one IPv6 address that a loopback server needs. */
function addressBytes(address: string): Buffer {
  if (address === '::1') return Buffer.from([...Array.from({ length: 15 }, () => 0), 1]);
  return Buffer.from(address.split('.').map(Number));
}
