import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeProcess, testApp } from '../../src/fx/testing.ts';
import { fakeConfig } from '../config/fake.ts';
import { fakeLog, recordingLog, type Logged } from '../log/fake.ts';
import { OwnPod } from './index.ts';
import { MountedOwnPod, mountedOwnPod } from './mounted.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'own-pod-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the namespace', () => {
  const podWith = (resourcesNamespace: string, logged: Logged[] = []): MountedOwnPod =>
    new MountedOwnPod({
      name: 'x',
      namespace: '',
      resourcesNamespace,
      namespaceFile: join(folder, 'namespace'),
      log: recordingLog(logged),
    });

  it("is what the service account's file says, without the newline around it", async () => {
    await writeFile(join(folder, 'namespace'), 'datadog\n');
    const pod = podWith('');
    expect([await pod.namespace(), await pod.resourcesNamespace()]).toEqual(['datadog', 'datadog']);
  });

  it('is what POD_NAMESPACE says, with or without a file', async () => {
    const logged: Logged[] = [];
    const process = fakeProcess({ env: { POD_NAMESPACE: 'datadog' } });
    const list = [fakeConfig(), fakeLog(logged), mountedOwnPod];
    await using tested = await testApp(list, { process, requires: { pod: OwnPod } });
    expect([await tested.needs.pod.namespace(), await tested.needs.pod.resourcesNamespace()]).toEqual(['datadog', 'datadog']);
    expect(logged).toEqual([]);
  });

  it('of resources can be set', async () => {
    await writeFile(join(folder, 'namespace'), 'datadog');
    const pod = podWith('monitoring');
    expect([await pod.namespace(), await pod.resourcesNamespace()]).toEqual(['datadog', 'monitoring']);
  });

  it('is "default" where there is no file, with one warning', async () => {
    const logged: Logged[] = [];
    const pod = podWith('', logged);
    expect([await pod.namespace(), await pod.resourcesNamespace()]).toEqual(['default', 'default']);
    expect(logged).toMatchObject([{ level: 'warn', message: expect.stringContaining('kube_resources_namespace') }]);
  });

  it('is "default" where the file is empty', async () => {
    await writeFile(join(folder, 'namespace'), '\n');
    expect(await podWith('').namespace()).toBe('default');
  });
});

describe('the name', () => {
  it.each([
    ['agent-7c9', 'agent-7c9'],
    ['', hostname()],
    [undefined, hostname()],
  ])('with DD_POD_NAME=%j is %s', async (variable, name) => {
    const logged: Logged[] = [];
    const list = [fakeConfig({ kube_resources_namespace: 'monitoring' }), fakeLog(logged), mountedOwnPod];
    const process = fakeProcess({ env: { DD_POD_NAME: variable } });
    await using tested = await testApp(list, { process, requires: { pod: OwnPod } });
    expect(tested.needs.pod.name).toBe(name);
    expect(await tested.needs.pod.resourcesNamespace()).toBe('monitoring');
    expect(logged).toEqual([]);
  });
});
