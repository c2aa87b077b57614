import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { supply } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { configOf } from '../config/fake.ts';
import { Config } from '../config/index.ts';
import { fakeLog, type Logged } from '../log/fake.ts';
import { Scrubber } from '../scrubber/index.ts';
import { createdAuthTokens, existingAuthTokens } from './files.ts';
import { AuthTokens, type AuthTokenKind } from './index.ts';
import { createOnce } from './secret-file.ts';

let folder = '';
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'auth-token-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const token = 'x'.repeat(32);
const sessionFile = (): string => join(folder, 'auth_token');
const clusterFile = (): string => join(folder, 'cluster_agent.auth_token');

/** What an agent, or a command, has after its start. */
async function started(
  from: typeof createdAuthTokens,
  values: Readonly<Record<string, unknown>> = {},
): Promise<{ tokens: AuthTokens; logged: Logged[]; remembered: string[] }> {
  const logged: Logged[] = [];
  const remembered: string[] = [];
  const scrubber: Scrubber = { text: (text) => text, data: (value) => value, remember: (secret) => void remembered.push(secret) };
  const config: Config = Object.assign(configOf(values), { files: [join(folder, 'datadog-cluster.yaml')] });
  const list = [supply(Config, config), fakeLog(logged), supply(Scrubber, scrubber), from];
  await using tested = await testApp(list, { requires: { tokens: AuthTokens } });
  return { tokens: tested.needs.tokens, logged, remembered };
}

function refusal(tokens: AuthTokens, kind: AuthTokenKind): string {
  try {
    tokens.get(kind);
    return '';
  } catch (error) {
    return String(error);
  }
}

describe('an agent', () => {
  it('makes both tokens once, for its user only', async () => {
    const first = await started(createdAuthTokens);
    expect(first.logged).toEqual([]);
    expect((await readdir(folder)).toSorted()).toEqual(['auth_token', 'cluster_agent.auth_token']);
    for (const path of [sessionFile(), clusterFile()]) {
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(await readFile(path, 'utf8')).toMatch(/^[0-9a-f]{64}$/);
    }
    const second = await started(createdAuthTokens);
    expect(second.tokens.get('session').reveal()).toBe(first.tokens.get('session').reveal());
    expect(second.tokens.get('cluster-agent').reveal()).toBe(first.tokens.get('cluster-agent').reveal());
    expect(first.tokens.get('session').reveal()).not.toBe(first.tokens.get('cluster-agent').reveal());
  });

  it('takes the cluster agent token from its setting, and then makes no file for it', async () => {
    const { tokens } = await started(createdAuthTokens, { 'cluster_agent.auth_token': token });
    expect(tokens.matches('cluster-agent', token)).toBe(true);
    expect(tokens.matches('session', token)).toBe(false);
    expect(await readdir(folder)).toEqual(['auth_token']);
  });

  it('takes the token itself and nothing that is merely like it', async () => {
    const text = `${token}\u0000é`;
    const { tokens } = await started(createdAuthTokens, { 'cluster_agent.auth_token': text });
    const near = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.nat({ max: text.length }).map((length) => text.slice(0, length)),
      fc.string({ unit: 'binary' }).map((more) => text + more),
      fc.tuple(fc.nat({ max: text.length - 1 }), fc.string({ unit: 'binary', maxLength: 2 })).map(([at, other]) => {
        return text.slice(0, at) + other + text.slice(at + 1);
      }),
    );
    fc.assert(fc.property(near, (presented) => tokens.matches('cluster-agent', presented) === (presented === text)));
  });

  it('keeps the session token where auth_token_file_path says', async () => {
    await mkdir(join(folder, 'auth'));
    const path = join(folder, 'auth', 'token');
    const { tokens } = await started(createdAuthTokens, { auth_token_file_path: path });
    expect(await readFile(path, 'utf8')).toBe(tokens.get('session').reveal());
  });

  it('reads tokens that are there, without the space around them', async () => {
    await writeFile(sessionFile(), `\n${token}s \n`);
    await writeFile(clusterFile(), `${token}c\n`);
    const { tokens } = await started(createdAuthTokens);
    expect(tokens.matches('session', `${token}s`)).toBe(true);
    expect(tokens.matches('cluster-agent', `${token}c`)).toBe(true);
  });

  it('has its tokens masked wherever they appear', async () => {
    const { tokens, remembered } = await started(createdAuthTokens);
    expect(remembered).toEqual([tokens.get('session').reveal(), tokens.get('cluster-agent').reveal()]);
  });

  it.each(['', 'short', 'x'.repeat(31)])('shuts its routes when the tokens are "%s"', async (text) => {
    await writeFile(sessionFile(), text);
    await writeFile(clusterFile(), text);
    const { tokens, logged } = await started(createdAuthTokens);
    for (const presented of ['', text, 'undefined']) {
      expect(tokens.matches('session', presented)).toBe(false);
      expect(tokens.matches('cluster-agent', presented)).toBe(false);
    }
    expect(logged.map(({ level, message }) => [level, message])).toEqual([
      ['error', expect.stringContaining('invalid authentication token: must be at least 32 characters in length')],
      ['error', expect.stringContaining(`authentication token length must be greater than 32, currently: ${text.length}`)],
    ]);
    expect(JSON.stringify(logged)).not.toContain('xxx');
    expect(await readFile(sessionFile(), 'utf8')).toBe(text);
  });

  it.each([
    { with: { 'cluster_agent.auth_token': 'short' }, kind: 'cluster-agent', words: 'DD_CLUSTER_AGENT_AUTH_TOKEN' },
    {
      with: { auth_token_file_path: '/nowhere/token' },
      kind: 'session',
      words: 'cannot create /nowhere/token (the folder does not exist)',
    },
    { with: { auth_token_file_path: '/tmp' }, kind: 'session', words: 'cannot read /tmp (it is a folder)' },
  ] as const)('starts without a token, and says so: $words', async ({ with: values, kind, words }) => {
    const { tokens, logged } = await started(createdAuthTokens, values);
    expect(logged).toEqual([{ level: 'error', message: expect.stringContaining(words), fields: {} }]);
    expect(refusal(tokens, kind)).toContain(words);
    expect(tokens.matches(kind, 'short')).toBe(false);
  });

  it('reads a token that is a link, as mounted secrets are', async () => {
    await writeFile(join(folder, 'data'), token);
    await symlink(join(folder, 'data'), clusterFile());
    const { tokens } = await started(createdAuthTokens);
    expect(tokens.matches('cluster-agent', token)).toBe(true);
  });
});

describe('a command', () => {
  it('reads what the agent made', async () => {
    const agent = await started(createdAuthTokens);
    const { tokens, logged } = await started(existingAuthTokens);
    expect(tokens.get('session').reveal()).toBe(agent.tokens.get('session').reveal());
    expect(logged).toEqual([]);
  });

  it('makes nothing, and says what is missing when it is asked for', async () => {
    const { tokens } = await started(existingAuthTokens);
    expect(await readdir(folder)).toEqual([]);
    expect(refusal(tokens, 'session')).toContain(
      `no session token in ${sessionFile()} (auth_token_file_path may name another): is the agent running`,
    );
    const path = join(folder, 'other');
    const { tokens: others } = await started(existingAuthTokens, { auth_token_file_path: path });
    expect(refusal(others, 'session')).toContain(`no session token in ${path}, set by auth_token_file_path: is the agent running`);
    expect(refusal(tokens, 'cluster-agent')).toContain(`empty cluster_agent.auth_token and cannot find "${clusterFile()}"`);
  });
});

describe('a token file', () => {
  it('is the same for everyone who makes it at the same time', async () => {
    const path = join(folder, 'token');
    const texts = await Promise.all(Array.from({ length: 20 }, (_, index) => createOnce(path, () => `token ${index}`)));
    expect(new Set(texts).size).toBe(1);
    expect(await readFile(path, 'utf8')).toBe(texts[0]);
    expect(await readdir(folder)).toEqual(['token']);
  });
});
