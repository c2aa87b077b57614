import { mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { archiveFolder } from './archives.ts';

let temporary = '';
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'archives-'));
  vi.stubEnv('TMPDIR', temporary);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(temporary, { recursive: true });
});

/** A folder of an archive that was made so many minutes ago. */
async function madeBefore(minutes: number): Promise<string> {
  const folder = await archiveFolder();
  await writeFile(join(folder, 'flare.zip'), 'zip');
  const at = Date.now() / 1000 - minutes * 60;
  await utimes(folder, at, at);
  return basename(folder);
}

it('is for its owner only, and the oldest make room for it', async () => {
  const made: string[] = [];
  for (const minutes of [3, 9, 1, 8, 2, 7]) made.push(await madeBefore(minutes));
  const folder = await archiveFolder();
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  // Before the sixth, the one of nine minutes ago went; before the seventh, the one of eight.
  expect(new Set(await readdir(temporary))).toEqual(new Set([made[0], made[2], made[4], made[5], basename(folder)]));
});

it('leaves alone what is not a folder of an archive', async () => {
  await mkdir(join(temporary, 'elsewhere'));
  await writeFile(join(temporary, 'elsewhere', 'file'), '');
  const strangers = ['cluster-agent-flare-file', 'cluster-agent-flare-link', 'flare-of-somebody', 'elsewhere'];
  await writeFile(join(temporary, 'cluster-agent-flare-file'), '');
  await symlink(join(temporary, 'elsewhere'), join(temporary, 'cluster-agent-flare-link'));
  await mkdir(join(temporary, 'flare-of-somebody'));
  for (let minutes = 10; minutes > 0; minutes -= 1) await madeBefore(minutes);
  expect(await readdir(temporary)).toEqual(expect.arrayContaining(strangers));
  expect(await readdir(join(temporary, 'elsewhere'))).toEqual(['file']);
  expect(await readdir(temporary)).toHaveLength(strangers.length + 5);
});
