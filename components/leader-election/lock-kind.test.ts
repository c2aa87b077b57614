import { describe, expect, it } from 'vitest';
import { recordingLog, type Logged } from '../log/fake.ts';
import type { Resource } from '../kubernetes/index.ts';
import { chooseLockKind, type LockKind } from './lock.ts';

const leases: Resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true };
const { signal } = new AbortController();

describe('leader_election_default_resource', () => {
  it.each<[wanted: string, served: Resource | undefined, kind: LockKind]>([
    ['lease', undefined, 'lease'],
    ['leases', undefined, 'lease'],
    ['configmap', leases, 'configmap'],
    ['configmaps', leases, 'configmap'],
    ['', leases, 'lease'],
    ['', undefined, 'configmap'],
    ['endpoints', leases, 'lease'],
    ['endpoints', undefined, 'configmap'],
  ])('%j, with discovery %o, is a %s', async (wanted, served, kind) => {
    const logged: Logged[] = [];
    const surroundings = { kubernetes: { discover: () => Promise.resolve(served) }, log: recordingLog(logged) };
    expect(await chooseLockKind(wanted, surroundings, signal)).toBe(kind);
    expect(logged.map(({ level }) => level)).toEqual(wanted === 'endpoints' ? ['warn'] : []);
  });

  it('is not guessed when the cluster cannot be asked', async () => {
    const surroundings = { kubernetes: { discover: () => Promise.reject(new Error('refused')) }, log: recordingLog() };
    await expect(chooseLockKind('', surroundings, signal)).rejects.toThrow('refused');
    expect(await chooseLockKind('lease', surroundings, signal)).toBe('lease');
  });
});
