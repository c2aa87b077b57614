import { X509Certificate } from 'node:crypto';

const clientAuth = '1.3.6.1.5.5.7.3.2';
const anyUsage = '2.5.29.37.0';
/** No real chain is longer; a made-up one must not keep us busy. */
const depthMax = 6;

/** The certificates of a PEM bundle. @throws Error when one of them is none */
export function certificatesIn(bundle: string): readonly X509Certificate[] {
  const blocks = bundle.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

/**
 * Whether a client's certificate leads to one of these authorities, is valid at that time, and is good for clients.
 *
 * @param chain what the client sent, its own certificate first
 * @param at milliseconds since the epoch
 */
export function isTrusted(chain: readonly X509Certificate[], authorities: readonly X509Certificate[], at: number): boolean {
  const [leaf, ...intermediates] = chain;
  if (leaf === undefined || !isValid(leaf, at) || !isForClients(leaf)) return false;
  let current = leaf;
  for (let depth = 0; depth < depthMax; depth += 1) {
    if (authorities.some((authority) => issued(authority, current, at))) return true;
    const next = intermediates.find((each) => each !== current && each.ca && issued(each, current, at));
    if (next === undefined) return false;
    current = next;
  }
  return false;
}

function issued(authority: X509Certificate, certificate: X509Certificate, at: number): boolean {
  return isValid(authority, at) && isForClients(authority) && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

function isValid({ validFrom, validTo }: X509Certificate, at: number): boolean {
  return Date.parse(validFrom) <= at && at <= Date.parse(validTo);
}

/** Without a statement of what it is for, a certificate is for everything. That of an authority holds for what it issues, too. */
function isForClients(certificate: X509Certificate): boolean {
  const usages: readonly string[] | undefined = certificate.keyUsage;
  return usages === undefined || usages.includes(clientAuth) || usages.includes(anyUsage);
}
