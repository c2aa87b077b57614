import { type Json, type JsonObject, isObject, numberAt, objectAt, textAt } from '../../src/testkit/cluster/json.ts';
import type { TestClient } from '../cluster/support/client.ts';

interface GoRecord {
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly leaderTransitions: number;
}

export interface GoAgentOptions {
  readonly client: TestClient;
  readonly kind: 'configmap' | 'lease';
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly leaseDurationSeconds: number;
}

const annotation = 'control-plane.alpha.kubernetes.io/leader';

/** `metav1.Time`, which takes any RFC 3339, and `metav1.MicroTime`, which takes six digits and nothing else. */
const goTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const goMicroTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`the Go agent cannot read the record: ${what}`);
}

/** Go's decoder: it stops at whatever is not of the type that it expects. */
function decode(fields: JsonObject, transitions: 'leaderTransitions' | 'leaseTransitions', time: RegExp): GoRecord {
  for (const [key, value] of Object.entries(fields)) {
    if (key.endsWith('Time')) must(value === null || (typeof value === 'string' && time.test(value)), `${key} is ${JSON.stringify(value)}`);
    if (/Seconds$|Transitions$/.test(key)) must(Number.isInteger(value), `${key} is ${JSON.stringify(value)}`);
    if (key === 'holderIdentity') must(typeof value === 'string', `${key} is ${JSON.stringify(value)}`);
  }
  return {
    holderIdentity: textAt(fields, 'holderIdentity'),
    leaseDurationSeconds: numberAt(fields, 'leaseDurationSeconds') ?? 0,
    acquireTime: textAt(fields, 'acquireTime'),
    renewTime: textAt(fields, 'renewTime'),
    leaderTransitions: numberAt(fields, transitions) ?? 0,
  };
}

/**
 * What the Go agent does with its lock, request by request: client-go 0.28's `tryAcquireOrRenew` and `release`, with objects of
 * typed models, which drop what they do not know.
 */
export class GoAgent {
  readonly #options: GoAgentOptions;
  #observed = { raw: '', at: 0 };

  constructor(options: GoAgentOptions) {
    this.#options = options;
  }

  /** `createLeaderTokenIfNotExists`: an empty object of the lock's kind, and always a ConfigMap. */
  async createToken(): Promise<void> {
    const { client, kind, name } = this.#options;
    for (const each of kind === 'lease' ? (['lease', 'configmap'] as const) : (['configmap'] as const)) {
      const { status } = await client.get(`${this.#collection(each)}/${name}`);
      if (status === 404) await client.post(this.#collection(each), { ...this.#head(each), metadata: { name } });
    }
  }

  /** Tells whether it leads now. */
  async tryAcquireOrRenew(): Promise<boolean> {
    const { identity, leaseDurationSeconds } = this.#options;
    const object = await this.#read();
    const { record, raw } = this.#recordOf(object);
    if (raw !== this.#observed.raw) this.#observed = { raw, at: performance.now() };
    const isHeld = record.holderIdentity !== '' && this.#observed.at + record.leaseDurationSeconds * 1000 > performance.now();
    if (isHeld && record.holderIdentity !== identity) return false;
    const now = new Date().toISOString();
    const isMine = record.holderIdentity === identity;
    return this.#write(object, {
      holderIdentity: identity,
      leaseDurationSeconds,
      acquireTime: isMine ? record.acquireTime : now,
      renewTime: now,
      leaderTransitions: isMine ? record.leaderTransitions : record.leaderTransitions + 1,
    });
  }

  async release(): Promise<void> {
    const object = await this.#read();
    const { leaderTransitions } = this.#recordOf(object).record;
    const now = new Date().toISOString();
    await this.#write(object, { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now, leaderTransitions });
  }

  /** The record as it is. */
  async record(): Promise<GoRecord> {
    return this.#recordOf(await this.#read()).record;
  }

  #recordOf(object: JsonObject): { readonly record: GoRecord; readonly raw: string } {
    if (this.#options.kind === 'lease') {
      const record = decode(objectAt(object, 'spec'), 'leaseTransitions', goMicroTime);
      return { record, raw: JSON.stringify(record) };
    }
    const raw = textAt(object, 'metadata', 'annotations', annotation);
    const fields: Json = JSON.parse(raw === '' ? '{}' : raw);
    if (!isObject(fields)) throw new Error(`the Go agent cannot read the record: ${raw}`);
    return { record: decode(fields, 'leaderTransitions', goTime), raw };
  }

  async #read(): Promise<JsonObject> {
    const { client, kind, name } = this.#options;
    const { status, body, text } = await client.get(`${this.#collection(kind)}/${name}`);
    if (status !== 200) throw new Error(text);
    return body;
  }

  async #write(object: JsonObject, record: GoRecord): Promise<boolean> {
    const { client, kind, name } = this.#options;
    const metadata = objectAt(object, 'metadata');
    const next = kind === 'lease' ? this.#lease(metadata, record) : this.#configMap(object, record);
    const { status, text } = await client.put(`${this.#collection(kind)}/${name}`, next);
    if (status !== 200 && status !== 409) throw new Error(text);
    return status === 200;
  }

  #lease(metadata: JsonObject, { leaderTransitions, ...record }: GoRecord): JsonObject {
    const micro = (time: string): string => (goMicroTime.test(time) ? time : time.replace('Z', '000Z'));
    const times = { acquireTime: micro(record.acquireTime), renewTime: micro(record.renewTime) };
    return { ...this.#head('lease'), metadata, spec: { ...record, ...times, leaseTransitions: leaderTransitions } };
  }

  #configMap(object: JsonObject, record: GoRecord): JsonObject {
    const seconds = (time: string): string => `${time.slice(0, 19)}Z`;
    const { holderIdentity, leaseDurationSeconds, leaderTransitions } = record;
    const times = { acquireTime: seconds(record.acquireTime), renewTime: seconds(record.renewTime) };
    const text = JSON.stringify({ holderIdentity, leaseDurationSeconds, ...times, leaderTransitions });
    const metadata = objectAt(object, 'metadata');
    const annotations = { ...objectAt(metadata, 'annotations'), [annotation]: text };
    const { data } = object;
    return { ...this.#head('configmap'), metadata: { ...metadata, annotations }, ...(data === undefined ? {} : { data }) };
  }

  #head(kind: 'configmap' | 'lease'): JsonObject {
    return kind === 'lease' ? { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' } : { apiVersion: 'v1', kind: 'ConfigMap' };
  }

  #collection(kind: 'configmap' | 'lease'): string {
    const { namespace } = this.#options;
    return kind === 'lease' ? `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases` : `/api/v1/namespaces/${namespace}/configmaps`;
  }
}
