import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

const listening = '0A';
/** One of its other ports is the same. */
export const itself = 'this agent itself';

/** The process that listens on a TCP port of this machine, as `name (pid n)` or {@link itself}; `undefined` where that cannot be seen. */
export async function portUser(port: number): Promise<string | undefined> {
  const inodes = new Set((await Promise.all(['tcp', 'tcp6'].map((table) => inodesOf(table, port)))).flat());
  if (inodes.size === 0) return undefined;
  for (const pid of (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    if (await holdsAny(pid, inodes)) return Number(pid) === process.pid ? itself : `${await nameOf(pid)} (pid ${pid})`;
  }
  return undefined;
}

/** The program alone: arguments may hold secrets. What the kernel calls a process of Node is the name of its thread. */
async function nameOf(pid: string): Promise<string> {
  const [program = ''] = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  return basename(program) || 'a process';
}

async function inodesOf(table: string, port: number): Promise<string[]> {
  const text = await readFile(`/proc/net/${table}`, 'utf8').catch(() => '');
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  return rows.flatMap(([, local = '', , state, , , , , , inode]) =>
    local.endsWith(suffix) && state === listening && inode !== undefined ? [`socket:[${inode}]`] : [],
  );
}

async function holdsAny(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')));
  return targets.some((target) => inodes.has(target));
}
