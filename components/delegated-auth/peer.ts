import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { subjectOf } from '../../src/certificates/index.ts';
import { isTrusted } from './client-certificate.ts';
import type { Credentials, UserInfo } from './index.ts';
import type { Trust } from './trust.ts';

/** What a client's certificate proves, under the trust of the moment. */
export interface Peer {
  /** Whether a certificate came at all. */
  readonly isPresent: boolean;
  readonly isFrontProxy: boolean;
  /** The user that the certificate itself stands for. */
  readonly user: UserInfo | undefined;
}

const nobody: Peer = { isPresent: false, isFrontProxy: false, user: undefined };

/** Judges the certificate of a connection. */
export function peerOf(socket: TLSSocket, { clientCas, frontProxy }: Trust, at: number): Peer {
  const chain = chainOf(socket);
  const [leaf] = chain;
  if (leaf === undefined) return nobody;
  const { commonName, organizations } = subjectOf(leaf.raw);
  const isAllowed = frontProxy.allowedNames.length === 0 || frontProxy.allowedNames.includes(commonName);
  const isSomebody = commonName !== '' && isTrusted(chain, clientCas, at);
  return {
    isPresent: true,
    isFrontProxy: isAllowed && isTrusted(chain, frontProxy.cas, at),
    user: isSomebody ? { name: commonName, groups: organizations, extra: {} } : undefined,
  };
}

function chainOf(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  const seen = new Set<string>();
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && !seen.has(next.fingerprint256)) {
    seen.add(next.fingerprint256);
    chain.push(new X509Certificate(next.raw));
    next = next.issuerCertificate;
  }
  return chain;
}

/** The user that a front proxy speaks for; `undefined` when it names none. */
export function proxiedUser(headers: Credentials['headers'], { frontProxy }: Trust): UserInfo | undefined {
  const first = (names: readonly string[]): string | undefined =>
    names.flatMap((name) => headers[name] ?? []).find((value) => value !== '');
  const name = first(frontProxy.usernameHeaders);
  if (name === undefined) return undefined;
  const uid = first(frontProxy.uidHeaders);
  const groups = frontProxy.groupHeaders.flatMap((header) => headers[header] ?? []);
  return { name, groups, extra: extraIn(headers, frontProxy.extraPrefixes), isProxied: true, ...(uid === undefined ? {} : { uid }) };
}

function extraIn(headers: Credentials['headers'], prefixes: readonly string[]): UserInfo['extra'] {
  const extra: [string, readonly string[]][] = [];
  for (const [header, values] of Object.entries(headers)) {
    const prefix = prefixes.find((each) => header.startsWith(each));
    if (prefix !== undefined && values !== undefined) extra.push([unescaped(header.slice(prefix.length)), values]);
  }
  return Object.fromEntries(extra);
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
