import {
  hasReason,
  type CallOptions,
  type JsonObject,
  type KubeObject,
  type KubernetesClient,
  type Resource,
} from '../kubernetes/index.ts';
import type { Log } from '../log/index.ts';
import { microsecondsText, parseRecord, recordText, type LeaderRecord } from './record.ts';

/** The object of a lock as it was read or written. */
export interface Snapshot {
  /** Absent when the object holds no record, or none that can be read. */
  readonly record: LeaderRecord | undefined;
  /** What changes when the record does; empty when the object holds none. */
  readonly raw: string;
  /** Everything, so that what we do not know survives a write. */
  readonly object: KubeObject;
}

/** An object of the API server that one replica at a time can hold. Writes are guarded by its resourceVersion. */
export interface Lock {
  /** @throws KubernetesError `NotFound` when there is no such object */
  read(options: CallOptions): Promise<Snapshot>;
  /** @throws KubernetesError `AlreadyExists` when another was faster */
  create(record: LeaderRecord, options: CallOptions): Promise<Snapshot>;
  /** @throws KubernetesError `Conflict` when it is not as it was any more */
  update(snapshot: Snapshot, record: LeaderRecord, options: CallOptions): Promise<Snapshot>;
}

export interface LockOptions {
  readonly client: Pick<KubernetesClient, 'get' | 'create' | 'replace'>;
  readonly namespace: string;
  readonly name: string;
}

/** Where a kind of object carries the record. */
interface Format {
  readonly apiVersion: string;
  readonly kind: string;
  readonly resource: Resource;
  /** The record as JSON with Go's names; empty when there is none. */
  readonly raw: (object: KubeObject) => string;
  /** The object with another record in it, and everything else as it was. */
  readonly encode: (object: KubeObject, record: LeaderRecord) => JsonObject;
}

const annotation = 'control-plane.alpha.kubernetes.io/leader';

const configMap: Format = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  resource: { group: '', version: 'v1', plural: 'configmaps', namespaced: true },
  raw: ({ metadata }) => metadata.annotations?.[annotation] ?? '',
  encode: (object, record) => {
    const annotations = { ...object.metadata.annotations, [annotation]: recordText(record) };
    return { ...object, metadata: { ...object.metadata, annotations } };
  },
};

/** A record's field is called otherwise in a Lease. */
const transitionsOf = ({ leaseTransitions, ...spec }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  ...spec,
  leaderTransitions: leaseTransitions,
});

const specOf = ({ spec }: KubeObject): Readonly<Record<string, unknown>> => (typeof spec === 'object' && spec !== null ? { ...spec } : {});

const lease: Format = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  resource: { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true },
  raw: (object) => {
    const spec = specOf(object);
    return Object.keys(spec).length === 0 ? '' : JSON.stringify(transitionsOf(spec));
  },
  encode: (object, record) => ({
    ...object,
    spec: {
      ...specOf(object),
      holderIdentity: record.holderIdentity,
      leaseDurationSeconds: record.leaseDurationSeconds,
      acquireTime: microsecondsText(record.acquireTime),
      renewTime: microsecondsText(record.renewTime),
      leaseTransitions: record.leaderTransitions,
    },
  }),
};

export type LockKind = 'configmap' | 'lease';
const formats: Readonly<Record<LockKind, Format>> = { configmap: configMap, lease };

const kinds: Readonly<Record<string, LockKind>> = { lease: 'lease', leases: 'lease', configmap: 'configmap', configmaps: 'configmap' };

/**
 * The kind that a setting names; of anything else, Leases where the cluster serves them.
 *
 * @throws KubernetesError when the cluster has to be asked and cannot
 */
export async function chooseLockKind(
  wanted: string,
  { kubernetes, log }: { readonly kubernetes: Pick<KubernetesClient, 'discover'>; readonly log: Pick<Log, 'warn'> },
  signal: AbortSignal,
): Promise<LockKind> {
  const named = kinds[wanted];
  if (named !== undefined) return named;
  const { group, version, plural } = lease.resource;
  if (wanted !== '') {
    const message = `leader_election_default_resource is "${wanted}", which is no kind of lock: taking leases where the cluster has them`;
    log.warn(message, { accepted: Object.keys(kinds).join(', ') });
  }
  const found = await kubernetes.discover({ group, version, plural });
  signal.throwIfAborted();
  return found === undefined ? 'configmap' : 'lease';
}

/** A lock in an object of this kind. */
export function lockOf(kind: LockKind, { client, namespace, name }: LockOptions): Lock {
  const { apiVersion, kind: objectKind, resource, raw, encode } = formats[kind];
  const target = { resource, namespace, name };
  const snapshot = (object: Partial<KubeObject>): Snapshot => {
    // What answers may be no API server: a proxy, or another program on its port.
    if (!isWhole(object)) throw new Error(`what the API server calls ${namespace}/${name} has no metadata: it is no ${objectKind}`);
    return { raw: raw(object), record: parseRecord(raw(object)), object };
  };
  return {
    read: async (options) => snapshot(await client.get(target, options)),
    create: async (record, options) => {
      const empty = { apiVersion, kind: objectKind, metadata: { namespace, name } };
      return snapshot(await client.create(target, encode(empty, record), options));
    },
    update: async ({ object }, record, options) => snapshot(await client.replace(target, encode(object, record), options)),
  };
}

function isWhole(object: Partial<KubeObject>): object is KubeObject {
  return typeof object.metadata === 'object' && object.metadata !== null;
}

/** Makes sure that there is a ConfigMap of this name, as the Go agent does whatever the kind of its lock. */
export async function ensureConfigMap({ client, namespace, name }: LockOptions, options: CallOptions): Promise<void> {
  const { apiVersion, kind, resource } = configMap;
  const target = { resource, namespace, name };
  try {
    await client.get(target, options);
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
    await client.create(target, { apiVersion, kind, metadata: { namespace, name } }, options).catch((failure: unknown) => {
      if (!hasReason(failure, 'AlreadyExists')) throw failure;
    });
  }
}
