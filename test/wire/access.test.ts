import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Route } from '../../components/api-server/index.ts';
import { goClient } from './support/clients.ts';
import { isExternal } from './support/external-paths.ts';
import { wireServer } from './support/server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Routes as they are written in the components: their path, and whose token opens them. */
async function writtenRoutes(): Promise<[path: string, access: string][]> {
  const found: [string, string][] = [];
  for await (const file of glob('components/*/*.ts', { cwd: root, exclude: ['**/*.test.ts'] })) {
    const text = await readFile(join(root, file), 'utf8');
    for (const [, path = '', access = ''] of text.matchAll(/path: '(\/[^']*)',\s*access: '([\w-]+)'/g)) found.push([path, access]);
  }
  return found;
}

const opened = ['/version', '/api/v1/tags/pod/:node', '/api/v1/tags/pod/:node/:ns/:pod', '/api/v1/clusterchecks/configs/:id'];
const kept = ['/status', '/api/v1/tags/pod', '/api/v1/clusterchecks', '/api/v1/clusterchecks/rebalance', '/api/v1/endpointschecks/configs'];

describe('a path', () => {
  it('is open to node agents exactly if it is in the Go agent', () => {
    expect(opened.filter(isExternal)).toEqual(opened);
    expect(kept.filter(isExternal)).toEqual([]);
  });

  it('has the access, in each component that serves one, that it has in the Go agent', async () => {
    const written = await writtenRoutes();
    expect(written.map(([path]) => path)).toEqual(expect.arrayContaining(['/version', '/status', '/hostname']));
    // Open to everyone is only the empty frame of the live page, which the Go agent does not have.
    const others = written.filter(([, access]) => access !== 'public');
    expect(written.filter((each) => !others.includes(each))).toEqual([['/ui', 'public']]);
    for (const [path, access] of others) expect([path, access]).toEqual([path, isExternal(path) ? 'cluster-agent' : 'session']);
  });

  it('opens to the token that its access names', async () => {
    const routes = [...opened, ...kept].map((path): Route => ({
      method: 'GET',
      path,
      access: isExternal(path) ? 'cluster-agent' : 'session',
      handle: () => ({ body: path }),
    }));
    await using server = await wireServer({ routes });
    await using client = goClient(server.port);
    for (const { path, access } of routes) {
      expect([path, (await client.ask(path, { as: 'cluster-agent' })).status]).toEqual([path, 200]);
      expect([path, (await client.ask(path, { as: 'session' })).status]).toEqual([path, access === 'session' ? 200 : 403]);
    }
  });
});
