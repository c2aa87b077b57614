import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SecretChange } from './index.ts';

const auditFileName = 'secret-audit-file.json';

export interface AuditFile {
  readonly runPath: string;
  /** Bytes; the oldest lines make room. */
  readonly sizeMax: number;
  /** What is shown of a secret that stands under a key. */
  readonly show: (key: string, secret: string) => unknown;
}

/**
 * Notes which secrets have changed: a line of JSON each, without the secret. What was noted before stays when that fails.
 *
 * @throws Error of the file system
 */
export async function audit(changes: readonly SecretChange[], { runPath, sizeMax, show }: AuditFile): Promise<void> {
  const path = join(runPath, auditFileName);
  const lines = changes.map(({ handle, path: keys, value }) => `${JSON.stringify({ handle, value: show(keys.at(-1) ?? '', value) })}\n`);
  const before = await readFile(path, 'utf8').catch(() => '');
  const kept = `${before}${lines.join('')}`.split(/(?<=\n)/);
  let size = kept.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
  while (size > sizeMax && kept.length > 1) size -= Buffer.byteLength(kept.shift() ?? '');
  const beside = `${path}.new`;
  try {
    await writeFile(beside, kept.join(''), { mode: 0o600 });
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
