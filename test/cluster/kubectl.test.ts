import { type ChildProcessWithoutNullStreams, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../src/testkit/cluster/index.ts';

const run = promisify(execFile);
const present = spawnSync('kubectl', ['version', '--client']).status === 0;
if (!present) process.stdout.write('kubectl tests are skipped: there is no kubectl in the PATH\n');

const MANIFEST = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: nginx:1.25}]}
`;

describe.skipIf(!present)('kubectl', () => {
  let cluster: Cluster;
  let folder = '';
  let env: NodeJS.ProcessEnv = {};

  beforeAll(async () => {
    cluster = await startCluster();
    folder = await mkdtemp(join(tmpdir(), 'kubectl-'));
    env = { ...process.env, HOME: folder, KUBECONFIG: join(folder, 'config') };
    await writeFile(join(folder, 'config'), cluster.kubeconfig);
    await writeFile(join(folder, 'web.yaml'), MANIFEST);
  });

  afterAll(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const kubectl = async (...args: readonly string[]): Promise<string> => (await run('kubectl', args, { env, cwd: folder })).stdout;

  it('lists what there is', async () => {
    expect(await kubectl('api-resources')).toMatch(/deployments +deploy +apps\/v1 +true +Deployment/);
    expect(await kubectl('get', 'namespaces')).toMatch(/NAME +STATUS +AGE\ndefault +Active/);
    expect(await kubectl('version')).toContain('in-process');
  }, 30_000);

  it('applies, twice and on the server', async () => {
    expect(await kubectl('apply', '-f', 'web.yaml')).toBe('deployment.apps/web created\n');
    expect(await kubectl('apply', '-f', 'web.yaml')).toBe('deployment.apps/web unchanged\n');
    expect(await kubectl('apply', '--server-side', '--force-conflicts', '-f', 'web.yaml')).toBe('deployment.apps/web serverside-applied\n');
  }, 30_000);

  it('patches, scales and shows', async () => {
    await kubectl('patch', 'deployment', 'web', '-p', '{"spec":{"replicas":2}}');
    expect(await kubectl('get', 'deployment', 'web')).toMatch(/NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/2 +0 +0/);
    await kubectl('scale', 'deployment', 'web', '--replicas=3');
    expect(await kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas}')).toBe('3');
    expect(await kubectl('apply', '--server-side', '-f', 'web.yaml')).toBe('deployment.apps/web serverside-applied\n');
  }, 30_000);

  it('asks what it may do', async () => {
    expect(await kubectl('auth', 'can-i', 'list', 'pods')).toBe('yes\n');
    await expect(kubectl('auth', 'can-i', 'list', 'pods', '--as=system:serviceaccount:default:default')).rejects.toMatchObject({
      stdout: 'no\n',
    });
  }, 30_000);

  it('explains', async () => {
    expect(await kubectl('explain', 'deployment.spec.replicas')).toMatch(/replicas <integer>/);
  }, 30_000);

  it('watches and deletes', async () => {
    const watching: ChildProcessWithoutNullStreams = spawn('kubectl', ['get', 'configmaps', '--watch-only', '-o', 'name'], {
      env,
      cwd: folder,
    });
    const closed = once(watching, 'close');
    const seen = once(watching.stdout, 'data');
    // Whether the watch is open yet cannot be seen from here: labels change until it says so.
    await kubectl('create', 'configmap', 'seen', '--from-literal=a=b');
    const told = { it: false };
    void seen.then(() => (told.it = true));
    for (let count = 0; !told.it; count += 1) await kubectl('label', '--overwrite', 'configmap', 'seen', `count=${count}`);
    watching.kill();
    await closed;
    expect(await kubectl('delete', 'configmap', 'seen')).toContain('configmap "seen" deleted');
    expect(await kubectl('delete', 'deployment', 'web')).toContain('deleted');
  }, 30_000);
});
