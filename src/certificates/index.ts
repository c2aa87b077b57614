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
  /** The subject's CN: for a Kubernetes client, the user name. Default none. */
  readonly commonName?: string;
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
    this.certificate = certificate(
      { subject: name, publicKey: keys.publicKey, extensions: authorityExtensions, at: new Date() },
      this.#issuer,
    );
    this.key = pemKey(keys.privateKey);
  }

  /** Makes a fresh key and a certificate for it, good for both server and client authentication. */
  issue(request: CertificateRequest): KeyPair {
    const keys = newKeys();
    const subject = distinguishedName(request);
    const extensions = [...leafExtensions, ...endpointExtensions(request.hosts ?? [])];
    const signed = certificate({ subject, publicKey: keys.publicKey, extensions, at: new Date() }, this.#issuer);
    return { certificate: signed, key: pemKey(keys.privateKey) };
  }
}

/**
 * Makes a certificate that vouches for itself: a server's where no authority is at hand, good to be trusted as an authority by whoever
 * pins it. Valid from an hour before `at` (default: now) for ten years.
 */
export function selfSigned(request: CertificateRequest, at = new Date()): KeyPair {
  const keys = newKeys();
  const name = distinguishedName(request);
  const extensions = [...authorityExtensions, ...endpointExtensions(request.hosts ?? [])];
  const signed = certificate({ subject: name, publicKey: keys.publicKey, extensions, at }, { name, key: keys.privateKey });
  return { certificate: signed, key: pemKey(keys.privateKey) };
}

/** The CN and O values of a client certificate, in the order in which they stand in it. */
export function subjectOf(der: Uint8Array): { commonName: string; organizations: string[] } {
  // Go writes all organizations into one part of the name, which OpenSSL spells with this sign between them; one in a value is escaped.
  const parts = new X509Certificate(der).subject.split(/\n| \+ /);
  const values = (key: string): string[] =>
    parts.filter((part) => part.startsWith(`${key}=`)).map((part) => unescaped(part.slice(key.length + 1)));
  return { commonName: values('CN')[0] ?? '', organizations: values('O') };
}

/** OpenSSL writes control characters as two hexadecimal digits, and puts a backslash before what has a meaning in names. */
function unescaped(text: string): string {
  return text.replace(/\\([0-9A-F]{2}|.)/g, (_, each: string) =>
    each.length === 2 ? String.fromCharCode(Number.parseInt(each, 16)) : each,
  );
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
  const names = commonName === undefined ? [] : [attribute('2.5.4.3', commonName)];
  return sequence(...organizations.map((value) => attribute('2.5.4.10', value)), ...names);
}

interface Unsigned {
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly at: Date;
}

function certificate({ subject, publicKey, extensions, at }: Unsigned, issuer: Issuer): string {
  const now = at.getTime();
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

const leafExtensions = [extension(BASIC_CONSTRAINTS, sequence(), true), extension(KEY_USAGE, bits(Buffer.from([0xa0]), 5), true)];

/** What both ends of a connection look at: may it be a server and a client, and of which names. */
function endpointExtensions(hosts: readonly string[]): Buffer[] {
  const names = hosts.map((host) => (isIP(host) === 0 ? element(0x82, Buffer.from(host)) : element(0x87, addressBytes(host))));
  return [
    extension('2.5.29.37', sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'), objectIdentifier('1.3.6.1.5.5.7.3.2'))),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', sequence(...names))]),
  ];
}

function addressBytes(address: string): Buffer {
  return isIP(address) === 4 ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
}

/** The sixteen bytes of an IPv6 address in any of its spellings; a zone (`%eth0`) is no part of it. */
function ipv6Bytes(address: string): Buffer {
  const spelled = address.replace(/%.*$/, '').replace(/\d+\.\d+\.\d+\.\d+$/, (v4) => {
    const hex = Buffer.from(v4.split('.').map(Number)).toString('hex');
    return `${hex.slice(0, 4)}:${hex.slice(4)}`;
  });
  const [head = '', tail = ''] = spelled.split('::');
  const [first, last] = [groupsOf(head), groupsOf(tail)];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  return Buffer.from([...first, ...zeros, ...last].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function groupsOf(part: string): string[] {
  return part.split(':').filter((group) => group !== '');
}
