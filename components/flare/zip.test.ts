import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { many, supply, type Component } from '../../src/fx/index.ts';
import { fakeProcess, manualClock, testApp } from '../../src/fx/testing.ts';
import { Route, type RouteError, type RouteRequest } from '../api-server/index.ts';
import { configOf, fakeConfig } from '../config/fake.ts';
import { Config, setting, type } from '../config/index.ts';
import { fakeHostname } from '../hostname/fake.ts';
import { fakeLog } from '../log/fake.ts';
import { Scrubber } from '../scrubber/index.ts';
import { configurationFlare } from './configuration.ts';
import { environmentFlare } from './environment.ts';
import { Flare, FlareProvider } from './index.ts';
import { zipFlare } from './zip.ts';

const scrubber = supply(Scrubber, { text: (text) => text.replaceAll('hunter2', '********'), data: (value) => value, remember: () => {} });
const provider = (path: string, content: FlareProvider['content']) => supply(many(FlareProvider, { name: path }), { path, content });

let made: string[] = [];
afterEach(async () => {
  for (const path of made) await rm(dirname(path), { recursive: true });
  made = [];
});

async function flareOf(list: readonly Component[], extra?: Readonly<Record<string, Uint8Array>>) {
  await using tested = await testApp([fakeConfig(), fakeLog(), scrubber, fakeHostname('web 1.example'), zipFlare, ...list], {
    requires: { flare: Flare },
    clock: manualClock(Date.UTC(2026, 10, 25, 18, 33, 15, 7)),
    process: fakeProcess(),
  });
  const path = await tested.needs.flare.create(extra);
  made.push(path);
  return { path, files: contentsOf(await readFile(path)) };
}

/** The files of a zip, by its central directory. */
function contentsOf(zip: Buffer): Record<string, Buffer> {
  const files: Record<string, Buffer> = {};
  const end = zip.lastIndexOf(Buffer.from('PK\u0005\u0006'));
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [size, nameLength, extraLength, commentLength] = [20, 28, 30, 32].map((offset) =>
      offset === 20 ? zip.readUInt32LE(at + offset) : zip.readUInt16LE(at + offset),
    ) as [number, number, number, number];
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    files[name] = inflateRawSync(zip.subarray(start, start + size));
    at += 46 + nameLength + extraLength + commentLength;
  }
  return files;
}

describe('a flare', () => {
  it('holds what providers give, without secrets, under the name of the host, for its owner only', async () => {
    const binary = new Uint8Array([0xff, 0xfe, 0x00, 0x80]);
    const { path, files } = await flareOf([
      provider('a.log', () => 'password hunter2'),
      provider('deep/b.log', () => Promise.resolve(Buffer.from('also hunter2'))),
      provider('c.bin', () => binary),
    ]);
    expect(path).toMatch(/\/datadog-agent-2026-11-25T18-33-15Z-info\.zip$/);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
    const folder = 'web_1_example';
    expect(Object.keys(files)).toEqual([`${folder}/a.log`, `${folder}/deep/b.log`, `${folder}/c.bin`, `${folder}/flare_creation.log`]);
    expect(files[`${folder}/a.log`]?.toString()).toBe('password ********');
    expect(files[`${folder}/deep/b.log`]?.toString()).toBe('also ********');
    expect([...(files[`${folder}/c.bin`] ?? [])]).toEqual([...binary]);
    expect(files[`${folder}/flare_creation.log`]?.toString()).toBe('a.log: added\ndeep/b.log: added\nc.bin: added\n');
  });

  it('says of each file that could not be had why, and has the others', async () => {
    const clock = manualClock();
    const list = [
      provider('broken.log', () => {
        throw new Error('no hunter2');
      }),
      provider('stuck.log', () => new Promise(() => {})),
      provider('fine.log', () => 'fine'),
    ];
    await using tested = await testApp([fakeConfig(), fakeLog(), scrubber, fakeHostname(), zipFlare, ...list], {
      requires: { flare: Flare },
      clock,
    });
    const creating = tested.needs.flare.create();
    while (clock.pending === 0) await clock.advance(0);
    await clock.advance(10_000);
    made.push(await creating);
    const files = contentsOf(await readFile(await creating));
    expect(files['test-host/fine.log']?.toString()).toBe('fine');
    expect(files['test-host/flare_creation.log']?.toString()).toBe(
      'broken.log: no ********\nstuck.log: not there within 10 s\nfine.log: added\n',
    );
  });

  it('has nothing outside of its folder', async () => {
    const { files } = await flareOf([], { '../../etc/passwd': Buffer.from('x'), '/root/.ssh/id': Buffer.from('y') });
    expect(Object.keys(files)).toEqual(['web_1_example/etc/passwd', 'web_1_example/root/.ssh/id', 'web_1_example/flare_creation.log']);
  });

  it('that cannot be written says where, and what to do', async () => {
    vi.stubEnv('TMPDIR', '/dev/null');
    try {
      await expect(flareOf([])).rejects.toThrow(/^the archive cannot be written: ENOTDIR.*; make room in \/dev\/null, or set TMPDIR/);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('is one at a time', async () => {
    let running = 0;
    let most = 0;
    const slow = provider('slow.log', async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => void setImmediate(resolve));
      running -= 1;
      return '';
    });
    await using tested = await testApp([fakeConfig(), fakeLog(), scrubber, fakeHostname(), zipFlare, slow], { requires: { flare: Flare } });
    made.push(...(await Promise.all([tested.needs.flare.create(), tested.needs.flare.create()])));
    expect([most, new Set(made).size]).toEqual([1, 2]);
  });
});

describe('POST /flare', () => {
  const post = async (body: string) => {
    await using tested = await testApp([fakeConfig(), fakeLog(), scrubber, fakeHostname(), zipFlare], {
      requires: { routes: many(Route) },
    });
    const [route] = tested.needs.routes;
    const request = { body: () => Promise.resolve(Buffer.from(body)), signal: new AbortController().signal } as Partial<RouteRequest>;
    const answer = await route?.handle(request as RouteRequest);
    if (answer?.status === undefined) made.push(answer?.body as string);
    return answer;
  };

  it('answers the path of the archive as text', async () => {
    const answer = await post('');
    expect(answer?.headers).toEqual({ 'content-type': 'application/json' });
    expect(contentsOf(await readFile(answer?.body as string))).toHaveProperty('test-host/flare_creation.log');
  });

  it('takes profiles along', async () => {
    const answer = await post(JSON.stringify({ 'cpu.cpuprofile': Buffer.from('{}').toString('base64') }));
    expect(contentsOf(await readFile(answer?.body as string))['test-host/profiles/cpu.cpuprofile']?.toString()).toBe('{}');
  });

  it.each(['{', '[1]', '"x"', 'null', '{"a":1}'])('refuses %s', async (body) => {
    await expect(post(body)).rejects.toEqual(expect.objectContaining({ name: 'RouteError', status: 500 } satisfies Partial<RouteError>));
  });
});

describe('what every agent has', () => {
  let folder = '';
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'flare-config-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('are the files of its configuration', async () => {
    const file = join(folder, 'datadog-cluster.yaml');
    await writeFile(file, 'api_key: hunter2\n');
    const config = supply(Config, Object.assign(configOf(), { files: [file] }));
    await using tested = await testApp([config, configurationFlare], { requires: { providers: many(FlareProvider) } });
    const [provided] = tested.needs.providers;
    expect(provided?.path).toBe('etc/datadog-cluster.yaml');
    expect(String(await provided?.content(new AbortController().signal))).toBe('api_key: hunter2\n'); // the archive scrubs it
  });

  it('are the variables that it reads and that hold no secret', async () => {
    const config = configOf();
    config.get(setting('log_level', { type: type.text, default: 'info', description: '' }));
    config.get(setting('cluster_agent.auth_token', { type: type.text, default: '', description: '' }));
    const env = { PATH: '/bin', DD_LOG_LEVEL: 'debug', DD_CLUSTER_AGENT_AUTH_TOKEN: 'hunter2', DD_UNKNOWN: 'x', AWS_SECRET: 'y' };
    await using tested = await testApp([supply(Config, config), environmentFlare], {
      requires: { providers: many(FlareProvider) },
      process: fakeProcess({ env }),
    });
    const [provided] = tested.needs.providers;
    expect(await provided?.content(new AbortController().signal)).toBe(
      'Found the following environment variables:\n - DD_LOG_LEVEL=debug\n - PATH=/bin\n',
    );
  });
});
