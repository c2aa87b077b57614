import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configOf } from '../config/fake.ts';
import type { LogLine } from './index.ts';
import { RollingFile } from './rolling-file.ts';
import { logFileOf } from './settings.ts';

let folder = '';
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'log-'))));
afterEach(() => rm(folder, { recursive: true }));

const lines = (...texts: string[]): LogLine[] => texts.map((text) => ({ level: 'info', text }));
const content = async (): Promise<Record<string, string>> => {
  const names = (await readdir(folder)).toSorted();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)));
};

describe('RollingFile', () => {
  it('begins a new file before one grows too long, and keeps as many as it may', async () => {
    const file = new RollingFile({ path: join(folder, 'a.log'), sizeMax: 10, rollsMax: 2 });
    for (const text of ['1111', '2222', '3333', '4444', '5555', '6666', '7777']) await file.write(lines(text));
    await file.close();
    expect(await content()).toEqual({ 'a.log': '7777\n', 'a.log.1': '5555\n6666\n', 'a.log.2': '3333\n4444\n' });
  });

  it('keeps every one with log_file_max_rolls: 0', async () => {
    const file = new RollingFile({ path: join(folder, 'a.log'), sizeMax: 5, rollsMax: 0 });
    for (const text of ['1111', '2222', '3333', '4444']) await file.write(lines(text));
    await file.close();
    expect(await content()).toEqual({ 'a.log': '4444\n', 'a.log.1': '3333\n', 'a.log.2': '2222\n', 'a.log.3': '1111\n' });
    // Whoever takes some away makes room: those beyond the gap stay as they are.
    await rm(join(folder, 'a.log.2'));
    await file.write(lines('5555'));
    await file.close();
    expect(await content()).toEqual({ 'a.log': '5555\n', 'a.log.1': '4444\n', 'a.log.2': '3333\n', 'a.log.3': '1111\n' });
  });

  it('is the default one where log_file is empty', () => {
    expect(logFileOf(configOf({ log_file: '' }))).toBe('/var/log/datadog/cluster-agent.log');
    expect(logFileOf(configOf({ log_file: '/logs/agent.log' }))).toBe('/logs/agent.log');
  });

  it('goes on in the file that is there, and makes the folders that are not', async () => {
    await writeFile(join(folder, 'a.log'), 'old\n');
    const file = new RollingFile({ path: join(folder, 'a.log'), sizeMax: 6, rollsMax: 1 });
    await file.write(lines('new'));
    await file.close();
    expect(await content()).toEqual({ 'a.log': 'new\n', 'a.log.1': 'old\n' });
    const deep = new RollingFile({ path: join(folder, 'b', 'c', 'd.log'), sizeMax: 0, rollsMax: 1 });
    await deep.write(lines('deep'));
    await deep.close();
    expect(await readFile(join(folder, 'b', 'c', 'd.log'), 'utf8')).toBe('deep\n');
  });

  it('rejects on a full disk, names the file, and can be tried again', async () => {
    const file = new RollingFile({ path: '/dev/full', sizeMax: 0, rollsMax: 1 });
    await expect(file.write(lines('x'))).rejects.toThrow(/\/dev\/full: ENOSPC/);
    await expect(file.write(lines('x'))).rejects.toThrow(/\/dev\/full: ENOSPC/);
    await file.close();
  });

  it('rejects where it may not write, and writes once it may', async () => {
    await writeFile(join(folder, 'sub'), 'not a folder');
    const file = new RollingFile({ path: join(folder, 'sub', 'a.log'), sizeMax: 0, rollsMax: 1 });
    await expect(file.write(lines('x'))).rejects.toThrow(/EEXIST|ENOTDIR/);
    await rm(join(folder, 'sub'));
    await file.write(lines('x'));
    await file.close();
    expect(await readFile(join(folder, 'sub', 'a.log'), 'utf8')).toBe('x\n');
  });
});
