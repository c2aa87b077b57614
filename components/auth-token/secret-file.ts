import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, unlink } from 'node:fs/promises';

/** The text of a file; `undefined` when there is none. @throws Error that names the file when it cannot be read */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw failure('read', path, error);
  }
}

/**
 * The text of a file that is made, readable only by this user, when it is not there. It appears whole or not at all, and of several
 * processes that make it at the same time one wins: all get what is in the file then.
 *
 * @throws Error that names the file when it can be neither read nor made
 */
export async function createOnce(path: string, make: () => string): Promise<string> {
  const there = await readIfThere(path);
  if (there !== undefined) return there;
  const beside = `${path}.${randomUUID()}`;
  try {
    await writeNew(beside, make());
    await publish(beside, path);
  } catch (error) {
    throw failure('create', path, error);
  } finally {
    await unlink(beside).catch(() => undefined);
  }
  const made = await readIfThere(path);
  if (made === undefined) throw new Error(`cannot create ${path} (it was removed at once)`);
  return made;
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A link never replaces what another process has put there; file systems that know no links get a rename. */
async function publish(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') await rename(from, to);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not do that',
  EPERM: 'this user may not do that',
  EROFS: 'the file system is read-only; point auth_token_file_path to a writable folder, or set DD_CLUSTER_AGENT_AUTH_TOKEN',
  ENOSPC: 'the disk is full',
  ENOENT: 'the folder does not exist',
  ENOTDIR: 'the folder does not exist',
  EISDIR: 'it is a folder',
};

/** No colon after the path: what follows `token:` is taken for a secret, and masked. */
function failure(what: 'read' | 'create', path: string, cause: unknown): Error {
  return new Error(`cannot ${what} ${path} (${reasonOf(cause)})`, { cause });
}

function reasonOf(error: unknown): string {
  return reasons[String(codeOf(error))] ?? (error instanceof Error ? error.message : String(error));
}
