import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AccessParts } from './access.ts';
import { type Access, type FreshCredentials, RotatingCredentials } from './credentials.ts';
import { UnreachableError } from './index.ts';
import { proxyFor } from './proxy.ts';

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Tokens are replaced at 80 % of an hour or more: a minute is early enough, and what client-go does. */
const rereadMs = 60_000;

/** The API server of the cluster whose pod we are, or `undefined` outside of one. */
export function serviceAccountAccess(parts: AccessParts): Access | undefined {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = parts.env;
  if (host === '' || port === '') return undefined;
  const { folder = serviceAccountFolder, clock, log } = parts;
  const rotating = new RotatingCredentials({ read: () => readServiceAccount(folder, parts), clock, log });
  const server = new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`);
  return {
    server,
    origin: 'KUBERNETES_SERVICE_HOST',
    proxy: proxyFor(server, parts.env),
    credentials: () => rotating.credentials(),
    renew: (refused) => rotating.renew(refused),
  };
}

async function readServiceAccount(folder: string, { caPath, tlsVerify }: AccessParts): Promise<FreshCredentials> {
  const caFile = caPath === '' ? join(folder, 'ca.crt') : caPath;
  const [token, ca] = await Promise.all([readMounted(join(folder, 'token')), tlsVerify ? readMounted(caFile) : undefined]);
  return {
    credentials: {
      tls: { rejectUnauthorized: tlsVerify, ...(ca === undefined ? {} : { ca }) },
      headers: { Authorization: `Bearer ${token.trim()}` },
    },
    validForMs: rereadMs,
  };
}

async function readMounted(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { message } = cause as Error;
    throw new UnreachableError(
      `this is a pod (KUBERNETES_SERVICE_HOST is set), but what its service account needs is missing: ${message}; look at automountServiceAccountToken of the pod and of its service account`,
      { code: 'credentials', cause },
    );
  }
}
