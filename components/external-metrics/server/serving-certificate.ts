import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { selfSigned, type KeyPair } from '../../../src/certificates/index.ts';
import type { Log } from '../../log/index.ts';
import type { ServerFlags } from './flags.ts';

/**
 * The certificate that the flags name; else the pair in the certificate folder; else one that vouches for itself, which is
 * written there if that can be done.
 *
 * @throws Error when a file that a flag names cannot be read, or what files hold cannot be served
 */
export async function servingCertificate(flags: ServerFlags, log: Log): Promise<KeyPair> {
  const named = await namedPair(flags);
  if (named !== undefined) return named;
  const files = { certFile: join(flags.certDir, 'apiserver.crt'), keyFile: join(flags.certDir, 'apiserver.key') };
  const found = await pairIn(files).catch((error: unknown) => {
    // Somebody put them there: they are not written over.
    if (error instanceof UselessPairError) throw error;
    return undefined;
  });
  if (found !== undefined) return found;
  const made = selfSigned({ commonName: 'localhost', hosts: ['localhost', '127.0.0.1'] });
  await keep(flags.certDir, files, made).catch((error: unknown) =>
    log.info('the certificate of the external metrics server is kept in memory only', { folder: flags.certDir, error }),
  );
  return made;
}

interface Files {
  readonly certFile: string;
  readonly keyFile: string;
}

/** The pair of the files that flags name, read anew each time; `undefined` where they name none. */
export async function namedPair({ certFile, keyFile }: Pick<ServerFlags, 'certFile' | 'keyFile'>): Promise<KeyPair | undefined> {
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined)
    throw new Error('external_metrics_provider.config: tls-cert-file and tls-private-key-file go together: one of them is missing');
  return pairIn({ certFile, keyFile });
}

async function pairIn({ certFile, keyFile }: Files): Promise<KeyPair> {
  const [certificate, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  try {
    createSecureContext({ cert: certificate, key });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UselessPairError(`${certFile} and ${keyFile} are no certificate and its key: ${why}`, { cause });
  }
  return { certificate, key };
}

/** Both files are there, and cannot be served. */
class UselessPairError extends Error {
  override readonly name = 'UselessPairError';
}

async function keep(folder: string, { certFile, keyFile }: Files, { certificate, key }: KeyPair): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [file, content, mode] of [
    [keyFile, key, 0o600],
    [certFile, certificate, 0o644],
  ] as const) {
    await writeFile(`${file}.new`, content, { mode });
    await rename(`${file}.new`, file);
  }
}
