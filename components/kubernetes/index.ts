import { token } from '../../src/fx/index.ts';

export { kubernetesSettings } from './settings.ts';

/** Any JSON object. What is written back to the API server is always this: typed models drop fields that they do not know. */
export type JsonObject = { [key: string]: unknown };

export interface ObjectMeta {
  name?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[];
  [key: string]: unknown;
}
/** A Kubernetes object as it stands on the wire. */
export interface KubeObject extends JsonObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/** Which collection of the API: group, version and plural. The core group is `''`. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  /** Plural and lower-case: `configmaps`. */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** One object, or where it is to be created. */
export interface Target {
  readonly resource: Resource;
  /** Needed for namespaced resources. */
  readonly namespace?: string;
  readonly name: string;
  /** `status`, `scale`, `token`, ... */
  readonly subresource?: string;
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds until the call, with all its retries, is given up; 0: never. Default `kubernetes_apiserver_client_timeout`, 10 s. */
  readonly timeoutMs?: number;
  /** How often a call is tried again after 429 and 5xx. Default 10 for reads, 0 for writes. */
  readonly retriesMax?: number;
}

export interface ListOptions extends CallOptions {
  /** One namespace; absent: all of them. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  /** At most, and by default, 500. */
  readonly limit?: number;
  /** `metadata.continue` of the page before. */
  readonly continue?: string;
}
export interface ObjectList<T = KubeObject> {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string; readonly remainingItemCount?: number };
  readonly items: readonly T[];
}

/** Calls to one API server, as raw JSON. Every call has a deadline; connections are kept alive and shared. */
export interface KubernetesClient {
  get<T = KubeObject>(target: Target, options?: CallOptions): Promise<T>;
  list<T = KubeObject>(resource: Resource, options?: ListOptions): Promise<ObjectList<T>>;
  create<T = KubeObject>(where: Omit<Target, 'name'> & { readonly name?: string }, object: JsonObject, options?: CallOptions): Promise<T>;
  /** A PUT: guarded by `metadata.resourceVersion` where the object has one. */
  replace<T = KubeObject>(target: Target, object: JsonObject, options?: CallOptions): Promise<T>;
  patch<T = KubeObject>(
    target: Target,
    patch: unknown,
    options: CallOptions & { readonly type: PatchType; readonly fieldManager?: string; readonly force?: boolean },
  ): Promise<T>;
  delete(
    target: Target,
    options?: CallOptions & { readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } },
  ): Promise<void>;
  /** A path that no resource stands for: `/version`, `/healthz`, `/apis`. Text when the answer is no JSON. */
  raw<T = unknown>(
    path: string,
    options?: CallOptions & { readonly method?: string; readonly body?: unknown; readonly accept?: string },
  ): Promise<T>;
  /** The resource behind a kind or a plural, by discovery; `undefined` when the server does not serve it. */
  discover(wanted: {
    readonly group: string;
    readonly version?: string;
    readonly kind?: string;
    readonly plural?: string;
  }): Promise<Resource | undefined>;
}

/** The API server, and whether it can be reached at all. */
export interface Kubernetes extends KubernetesClient {
  /** Resolves once the API server has answered; waits with doubling delays, 1 s to 5 min. @throws the signal's reason */
  waitForApi(signal: AbortSignal): Promise<void>;
  /** What RBAC refuses at present, as far as it was asked for. */
  readonly denials: readonly Denial[];
}
export const Kubernetes = token<Kubernetes>()('kubernetes');

export interface Denial {
  readonly verb: string;
  /** `leases.coordination.k8s.io`, with the subresource after a slash. */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly count: number;
}

/** An answer of the API server other than success. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  /** The HTTP status. */
  readonly code: number;
  /** Kubernetes' own word for it: `NotFound`, `AlreadyExists`, `Conflict`, `Expired`, ... */
  readonly reason: string;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { code, reason, retryAfterMs }: { code: number; reason: string; retryAfterMs?: number | undefined }) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Neither a kubeconfig nor the service account of a pod: there is no API server that we could talk to. */
export class NoClusterError extends Error {
  override readonly name = 'NoClusterError';

  constructor() {
    super(
      'there is no Kubernetes cluster to talk to\n' +
        '  looked for a kubeconfig in kubernetes_kubeconfig_path (DD_KUBERNETES_KUBECONFIG_PATH): it is not set\n' +
        '  looked for the service account of a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set\n' +
        '  set kubernetes_kubeconfig_path, run in a pod, or try it without a cluster: cluster-agent start --sandbox',
    );
  }
}

/** No usable answer: the API server cannot be reached, does not answer in time, or answers what cannot be read. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  /** `timeout`, `stopped`, `bad-answer`, `credentials`, or the code of the network or TLS error: `ECONNREFUSED`, `SELF_SIGNED_CERT_IN_CHAIN`, ... */
  readonly code: string;

  constructor(message: string, { code, cause }: { readonly code: string; readonly cause?: unknown }) {
    super(message, { cause });
    this.code = code;
  }
}

/** Whether an error is an answer of the API server with one of these reasons. */
export function hasReason(error: unknown, ...reasons: readonly string[]): error is KubernetesError {
  return error instanceof KubernetesError && reasons.includes(error.reason);
}

export interface InformerOptions<T> {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Keeps what is needed of each object on arrival; the raw object is never kept. Must return a new object. */
  readonly transform: (object: KubeObject) => T;
  /** Named lookups besides the key: each gives the values under which an object is found. */
  readonly indexers?: Readonly<Record<string, (object: T) => readonly string[]>>;
}

/** What a cache tells of its changes. A handler that throws is logged and harms nobody else. */
export interface InformerHandler<T> {
  added?(object: T, isInInitialList: boolean): void;
  updated?(object: T, previous: T): void;
  /** `isFinalStateUnknown`: the delete itself was missed, and this is the last state that was seen. */
  deleted?(object: T, isFinalStateUnknown: boolean): void;
}

/** A cache that follows a collection of the API server. Keys are `namespace/name`, or `name`. */
export interface Informer<T> {
  get(key: string): T | undefined;
  list(): Iterable<T>;
  readonly size: number;
  byIndex(index: string, value: string): readonly T[];
  /** The handler is told of all that is there, soon, and then of what has happened since. @returns a function that takes it off */
  handle(handler: InformerHandler<T>): () => void;
  /** Whether the first list is complete, and seen by all handlers that were there when it began. */
  readonly hasSynced: boolean;
  /** @throws the signal's reason */
  synced(signal: AbortSignal): Promise<void>;
}

/** Informers are shared: the same options object gives the same informer. They run while the app does. */
export interface Informers {
  /** Begins following when it is first asked for after start, or at start. Call it while constructing. */
  informer<T>(options: InformerOptions<T>): Informer<T>;
}
export const Informers = token<Informers>()('informers');

export interface WorkqueueOptions {
  /** Its name in the `workqueue_*` metrics and in the log. */
  readonly name: string;
  /** Milliseconds that a key waits after its first failure; doubles with each further one. Default 5. */
  readonly firstDelayMs?: number;
  /** Milliseconds. Default 1 000 000. */
  readonly longestDelayMs?: number;
  /** The limit on retries of all keys together; `false`: none. Default 10 a second after a burst of 100. */
  readonly overall?: { readonly perSecond: number; readonly burst: number } | false;
}

/** What became of a key: done (and its failures forgotten), to be tried again after its delay, or done and due again after `afterMs`. */
// oxlint-disable-next-line typescript/no-invalid-void-type -- work that returns nothing is done, whatever its return type is
export type WorkOutcome = void | 'retry' | { readonly afterMs: number };

export interface WorkOptions<K extends string> {
  /** How many keys are worked on at a time; never the same key twice. */
  readonly workers: number;
  /**
   * Works on one key. What it throws is logged, and the key is tried again after its delay.
   * Its signal is aborted only when a drain takes too long; what it throws then is not told.
   */
  readonly work: (key: K, signal: AbortSignal) => WorkOutcome | Promise<WorkOutcome>;
  /** Ends the work: keys that wait are still worked on, those that are delayed are dropped. */
  readonly signal: AbortSignal;
  /** Milliseconds that a drain may take before what still waits is dropped. Default 3 000. */
  readonly drainMs?: number;
}

/** Keys that need work, each at most once at a time: what stands between the handlers of an informer and slow or failing work. */
export interface Workqueue<K extends string = string> {
  /** Keys that are ready and wait. */
  readonly size: number;
  /** Asks for work on a key. Asked for again before that begins, it counts once; after that, it is worked on once more. */
  add(key: K): void;
  /** The same after `ms` milliseconds; of several times for one key the earliest counts. */
  addAfter(key: K, ms: number): void;
  /** The same after the delay that the key's failures so far, and those of all keys, ask for. Counts one more failure. */
  addRateLimited(key: K): void;
  /** Forgets the failures of a key. */
  forget(key: K): void;
  /** Failures of a key since it was forgotten. */
  requeues(key: K): number;
  /** Works until the signal is aborted, then drains. Run it as a job; keys may be added before. @throws Error when it runs already */
  run(options: WorkOptions<K>): Promise<void>;
}

/** Makes workqueues. */
export interface Workqueues {
  create<K extends string = string>(options: WorkqueueOptions): Workqueue<K>;
}
export const Workqueues = token<Workqueues>()('workqueues');
