import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** The configuration cannot be read; the agent does not start with half of it. */
export class ConfigFileError extends Error {
  override readonly name = 'ConfigFileError';
}

const fileName = 'datadog-cluster.yaml';
const defaultFolder = '/etc/datadog-agent';

/** Bytes. A full reference file has 200 kB. */
const sizeMax = 4 * 1024 * 1024;

/**
 * The configuration file that a path means.
 *
 * @param path a file, or a folder that has a `datadog-cluster.yaml`; default `/etc/datadog-agent`
 * @returns `undefined` when the folder has none
 * @throws ConfigFileError when a path was given and there is nothing, or it may not be looked into
 */
export async function findFile(path: string | undefined): Promise<string | undefined> {
  const given = resolve(path ?? defaultFolder);
  try {
    const isFolder = (await stat(given)).isDirectory();
    if (!isFolder) return given;
  } catch (error) {
    if (path === undefined && codeOf(error) === 'ENOENT') return undefined;
    throw unreadable(given, error);
  }
  const file = join(given, fileName);
  try {
    await stat(file);
    return file;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw unreadable(file, error);
  }
}

/** Only what is certainly not there is not: anything else is found out by reading. */
export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => codeOf(error) !== 'ENOENT',
  );
}

/** @throws ConfigFileError that says why it is no text */
export async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw unreadable(path, 'it is not UTF-8 text; save it as UTF-8');
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  const file = await stat(path);
  if (!file.isFile()) throw unreadable(path, 'it is not a regular file; name a YAML file');
  if (file.size > sizeMax)
    throw unreadable(path, `it has ${file.size} bytes, more than the ${sizeMax} that are read; is it the right file?`);
  return readFile(path);
}

/** @param why in words, or what the system said */
export function unreadable(path: string, why: unknown): ConfigFileError {
  if (why instanceof ConfigFileError) return why;
  const code = codeOf(why);
  if (code === 'EACCES' || code === 'EPERM') {
    return new ConfigFileError(
      `cannot access the Datadog config file (${path}: permission denied); try running the command under the same user as the Datadog Agent`,
    );
  }
  const reason = code === 'ENOENT' ? 'it does not exist; correct the path' : why instanceof Error ? (code ?? why.name) : String(why);
  return new ConfigFileError(`unable to load Datadog config file: ${path}: ${reason}`);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
