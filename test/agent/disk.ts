import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const sizeKib = 512;

/** A small file system of its own. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Takes every byte that is left. */
  fill(): Promise<void>;
  /** Gives back what {@link fill} took. */
  free(): Promise<void>;
}

/** Whether this user may mount one; no engine for containers is needed, but root is. */
export async function canMount(): Promise<boolean> {
  try {
    await using _ = await smallDisk();
    return true;
  } catch {
    return false;
  }
}

/** @throws Error where this user may mount nothing */
export async function smallDisk(): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), 'small-disk-'));
  const ballast = join(path, 'ballast');
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeKib}k,mode=700`, 'small-disk', path]);
  } catch (error) {
    await rm(path, { recursive: true });
    throw error;
  }
  return {
    path,
    async fill() {
      const file = await open(ballast, 'a');
      const fits = (length: number): Promise<boolean> =>
        file.write(Buffer.alloc(length)).then(
          () => true,
          () => false,
        );
      for (let length = 65_536; length > 0; length = Math.floor(length / 2)) while (await fits(length));
      await file.close();
    },
    free: () => rm(ballast, { force: true }),
    async [Symbol.asyncDispose]() {
      await run('umount', [path]);
      await rm(path, { recursive: true });
    },
  };
}

/** Folders on it, made while there is room. */
export async function foldersOn<Name extends string>({ path }: SmallDisk, names: readonly Name[]): Promise<Readonly<Record<Name, string>>> {
  const made = names.map((name) => [name, join(path, name)] as const);
  for (const [, folder] of made) await mkdir(folder);
  return Object.fromEntries(made) as Record<Name, string>;
}
