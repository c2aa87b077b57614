import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { many } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { fakeConfig, type FakeValues } from '../config/fake.ts';
import { FlareProvider } from '../flare/index.ts';
import { fakeLog } from './fake.ts';
import { logFlare } from './flare.ts';

const started = (values: FakeValues) =>
  testApp([fakeConfig(values), fakeLog(), logFlare], { requires: { providers: many(FlareProvider) } });
const { signal } = new AbortController();

it('gives the log file and those before it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'log-flare-'));
  await writeFile(join(folder, 'a.log'), 'now');
  await writeFile(join(folder, 'a.log.1'), 'before');
  await using tested = await started({ log_file: join(folder, 'a.log'), log_file_max_rolls: 2 });
  const { providers } = tested.needs;
  expect(providers.map(({ path }) => path)).toEqual(['logs/a.log', 'logs/a.log.1', 'logs/a.log.2']);
  expect(String(await providers[0]?.content(signal))).toBe('now');
  expect(String(await providers[1]?.content(signal))).toBe('before');
  await expect(providers[2]?.content(signal)).rejects.toThrow('ENOENT');
  await rm(folder, { recursive: true });
});

it('gives nothing where there is no file', async () => {
  await using tested = await started({ disable_file_logging: true });
  expect(tested.needs.providers).toEqual([]);
});
