import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli } from './support.ts';

let root: string;
let folder: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'secret-helper-'));
  folder = join(root, 'mounted');
  await mkdir(join(folder, '..data'), { recursive: true });
  await writeFile(join(folder, '..data', 'api_key'), 'of the api');
  await symlink(join('..data', 'api_key'), join(folder, 'api_key'));
  await writeFile(join(root, 'outside'), 'not for you');
  await symlink(join('..', 'outside'), join(folder, 'escape'));
  await writeFile(join(folder, 'huge'), 'x'.repeat(8193));
  await writeFile(join(folder, 'largest'), 'x'.repeat(8192));
});
afterAll(() => rm(root, { recursive: true }));

async function read(args: readonly string[], secrets: readonly string[]): Promise<unknown> {
  const { code, out, err } = await cli(['secret-helper', 'read', ...args], JSON.stringify({ version: '1.0', secrets }));
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out);
}

describe('secret-helper read', () => {
  it('reads a file for each secret, through the links that Kubernetes mounts', async () => {
    expect(await read([folder], ['api_key', 'largest'])).toEqual({
      api_key: { value: 'of the api' },
      largest: { value: 'x'.repeat(8192) },
    });
  });

  it('says of each secret why it has none', async () => {
    expect(await read([folder], ['nowhere', 'huge', 'escape', '../outside', '', '/etc/hostname'])).toEqual({
      nowhere: { error: 'secret does not exist' },
      huge: { error: 'secret exceeds max allowed size' },
      escape: { error: `not following symlink "${join(root, 'outside')}" outside of "${folder}"` },
      '../outside': { error: 'secret does not exist' },
      '': { error: 'secret does not exist' },
      '/etc/hostname': { error: 'secret does not exist' },
    });
  });

  it('takes the provider from the prefix', async () => {
    const asked = [`file@${join(folder, 'api_key')}`, 'vault@x', 'k8s_secret@shop/db', 'plain', 'constructor@x'];
    expect(await read(['--with-provider-prefixes'], asked)).toEqual({
      [`file@${join(folder, 'api_key')}`]: { value: 'of the api' },
      'vault@x': { error: 'provider not supported: vault' },
      'k8s_secret@shop/db': { error: 'invalid format. Use: "namespace/name/key"' },
      plain: { error: 'provider not supported: plain' },
      'constructor@x': { error: 'provider not supported: constructor' },
    });
  });

  it.each([
    ['{', 'failed to unmarshal json input'],
    ['{"secrets":["a"]}', 'incompatible protocol version ""'],
    ['{"version":"2.0","secrets":["a"]}', 'incompatible protocol version "2.0"'],
    ['{"version":"1.1","secrets":[]}', 'no secrets listed in input'],
  ])('refuses the input %s', async (input, message) => {
    expect(await cli(['secret-helper', 'read', folder], input)).toEqual({ code: 1, out: '', err: `Error: ${message}\n` });
  });
});
