import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Each archive lies in a folder of its own, so that nobody else can have put anything there. */
const prefix = 'cluster-agent-flare-';
/** With the one that is being made. Nobody takes old ones away, and a pod's `/tmp` may be memory. */
const keptMax = 5;

/** Makes room, and a folder for one archive. @throws Error that says which folder cannot be written */
export async function archiveFolder(): Promise<string> {
  await removeOld(tmpdir());
  return mkdtemp(join(tmpdir(), prefix));
}

/** Of all processes of this user: most that make archives live only for that. */
async function removeOld(where: string): Promise<void> {
  const names = (await readdir(where)).filter((name) => name.startsWith(prefix));
  const found = await Promise.all(names.map((name) => folderAt(join(where, name))));
  const own = found.filter((each) => each !== undefined).toSorted((a, b) => b.madeAt - a.madeAt);
  for (const { path } of own.slice(keptMax - 1)) await rm(path, { recursive: true, force: true });
}

async function folderAt(path: string): Promise<{ readonly path: string; readonly madeAt: number } | undefined> {
  const stats = await lstat(path).catch(() => undefined);
  const isOwn = stats?.isDirectory() === true && stats.uid === process.getuid?.();
  return isOwn ? { path, madeAt: stats.mtimeMs } : undefined;
}
