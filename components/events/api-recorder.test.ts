import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { supply } from '../../src/fx/index.ts';
import { manualClock, testApp, type ManualClock } from '../../src/fx/testing.ts';
import { startCluster, type Cluster } from '../../src/testkit/cluster/index.ts';
import { kubernetesAs } from '../../test/kubernetes/support.ts';
import { helmRoles } from '../../test/leader-election/helm-roles.ts';
import { Kubernetes, KubernetesError, UnreachableError } from '../kubernetes/index.ts';
import { recordingTelemetry } from '../kubernetes/test-support.ts';
import { fakeLog, type Logged } from '../log/fake.ts';
import { fakeRandom } from '../random/fake.ts';
import { Telemetry } from '../telemetry/index.ts';
import { apiEventRecorder } from './api-recorder.ts';
import { EventRecorder, type KubernetesEvent } from './index.ts';

const about = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'settings', uid: 'u1' };
const event: KubernetesEvent = { about, type: 'Normal', reason: 'Tested', message: 'it works', annotations: { a: 'b' } };
const patience = { timeout: 20_000, interval: 10 };
const requires = { recorder: EventRecorder };

describe('against an API server', { timeout: 60_000 }, () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await startCluster();
    for (const object of helmRoles(['agent'])) cluster.objects.put(object);
  });
  afterEach(() => cluster.stop());
  const written = () => cluster.objects.list({ apiVersion: 'v1', kind: 'Event', namespace: 'default' });

  it('an event that repeats has one object whose count goes up, where events may be patched', async () => {
    const admin = { user: 'admin', groups: ['system:masters'] };
    await using tested = await testApp([...kubernetesAs(cluster.clientFor(admin)), apiEventRecorder], { requires });
    for (let times = 0; times < 3; times += 1) tested.needs.recorder.record(event);
    await expect.poll(() => written().map(({ count }) => count), patience).toEqual([3]);
    expect(written()[0]).toMatchObject({
      reason: 'Tested',
      message: 'it works',
      type: 'Normal',
      involvedObject: about,
      metadata: { annotations: { a: 'b' } },
    });
  });

  it('an event that is gone is written again with its count', async () => {
    const admin = { user: 'admin', groups: ['system:masters'] };
    await using tested = await testApp([...kubernetesAs(cluster.clientFor(admin)), apiEventRecorder], { requires });
    tested.needs.recorder.record(event);
    await expect.poll(() => written().length, patience).toBe(1);
    const name = written()[0]?.metadata.name ?? '';
    cluster.objects.delete({ apiVersion: 'v1', kind: 'Event', namespace: 'default', name });
    tested.needs.recorder.record(event);
    await expect.poll(() => written().map(({ count, metadata }) => [count, metadata.name]), patience).toEqual([[2, name]]);
  });

  it('an event that repeats is a new one with its count within the rights that the Helm chart gives, and that is said once', async () => {
    const logged: Logged[] = [];
    const list = [...kubernetesAs(cluster.clientFor({ user: 'agent' }), { logged }), apiEventRecorder];
    await using tested = await testApp(list, { requires });
    for (let times = 0; times < 4; times += 1) tested.needs.recorder.record(event);
    await expect
      .poll(
        () =>
          written()
            .map(({ count }) => Number(count))
            .toSorted((one, other) => one - other),
        patience,
      )
      .toEqual([1, 2, 3, 4]);
    expect(logged.filter(({ message }) => message.startsWith('not allowed to patch events'))).toHaveLength(1);
    expect(logged.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('an event that comes while the API server has too much to do is written later', async () => {
    await using tested = await testApp([...kubernetesAs(cluster.clientFor({ user: 'agent' })), apiEventRecorder], { requires });
    cluster.faults.add({ kind: 'refuse', code: 429, user: 'agent', times: 1 });
    tested.needs.recorder.record(event);
    await expect.poll(() => written().length, patience).toBe(1);
  });

  it('what is recorded right before the stop is written', async () => {
    const tested = await testApp([...kubernetesAs(cluster.clientFor({ user: 'agent' })), apiEventRecorder], { requires });
    for (const name of ['a', 'b', 'c']) tested.needs.recorder.record({ ...event, about: { ...about, name } });
    await tested.stop();
    expect(written()).toHaveLength(3);
  });
});

describe('in virtual time', () => {
  let clock: ManualClock;
  let answers: (() => unknown)[];
  let created: number[];
  let logged: Logged[];
  let telemetry: ReturnType<typeof recordingTelemetry>;
  beforeEach(() => {
    clock = manualClock();
    answers = [];
    created = [];
    logged = [];
    telemetry = recordingTelemetry();
  });

  const unreachable = (): never => {
    throw new UnreachableError('connection refused', { code: 'ECONNREFUSED' });
  };
  const hang = (): Promise<void> => new Promise<void>(() => {});

  function start() {
    const client: Pick<Kubernetes, 'create'> = {
      create: <T>(_where: unknown, _object: unknown, { signal }: { signal?: AbortSignal } = {}) => {
        created.push(clock.monotonic());
        const stopped = new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
        const answer = Promise.resolve().then(answers.shift() ?? (() => {}));
        return Promise.race([answer, stopped]) as Promise<T>;
      },
    };
    const list = [
      supply(Kubernetes, client as Kubernetes),
      fakeLog(logged),
      fakeRandom(0.5),
      supply(Telemetry, telemetry),
      apiEventRecorder,
    ];
    return testApp(list, { requires, clock });
  }
  const outcomes = (): Record<string, unknown> =>
    Object.fromEntries(Object.entries(telemetry.values).map(([key, value]) => [/outcome=(\w+)/.exec(key)?.[1] ?? key, value]));
  const named = (name: string): KubernetesEvent => ({ ...event, about: { ...about, name } });

  it('tries twelve times when the API server cannot be reached, ten seconds apart', async () => {
    answers = Array.from({ length: 12 }, () => unreachable);
    await using tested = await start();
    tested.needs.recorder.record(event);
    await clock.advance(300_000);
    expect(created).toEqual([0, ...Array.from({ length: 11 }, (_, index) => 5000 + index * 10_000)]);
    expect(outcomes()).toEqual({ unreachable: 1 });
    tested.needs.recorder.record(named('next'));
    await clock.advance(0);
    expect(outcomes()).toEqual({ unreachable: 1, written: 1 });
  });

  it('does not try again what the API server has refused', async () => {
    const refuse = (code: number, reason: string) => () => {
      throw new KubernetesError(reason, { code, reason });
    };
    answers = [refuse(422, 'Invalid'), refuse(409, 'AlreadyExists'), refuse(500, 'InternalError')];
    await using tested = await start();
    for (const name of ['a', 'b', 'c', 'd']) tested.needs.recorder.record(named(name));
    await clock.advance(0);
    expect(outcomes()).toEqual({ rejected: 3, written: 1 });
    expect(logged.filter(({ level }) => level === 'error')).toHaveLength(2);
  });

  it('keeps a thousand events that wait, drops the newest, and says so once', async () => {
    answers = [hang];
    await using tested = await start();
    for (let index = 0; index < 1100; index += 1) tested.needs.recorder.record(named(`object-${index}`));
    expect(outcomes()).toEqual({ queue_full: 99 });
    expect(logged.filter(({ level }) => level === 'warn')).toHaveLength(1);
    const stopping = tested.stop();
    await clock.advance(2000);
    await stopping;
    expect(outcomes()).toEqual({ queue_full: 99, stopped: 1001 });
  });

  it('stops within two seconds, whatever hangs', async () => {
    answers = [hang];
    const tested = await start();
    tested.needs.recorder.record(event);
    await clock.advance(0);
    const stopping = tested.stop();
    await clock.advance(1999);
    expect(outcomes()).toEqual({});
    await clock.advance(1);
    await stopping;
    expect(outcomes()).toEqual({ stopped: 1 });
    expect(clock.pending).toBe(0);
  });

  it('counts what it does not write because it would be too much', async () => {
    await using tested = await start();
    for (let times = 0; times < 30; times += 1) tested.needs.recorder.record({ ...event, reason: `Tested${times}` });
    await clock.advance(0);
    expect(outcomes()).toEqual({ written: 25, suppressed: 5 });
  });
});
