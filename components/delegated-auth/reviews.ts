import { createHash } from 'node:crypto';
import type { Clock } from '../../src/fx/index.ts';
import { KubernetesError, UnreachableError, type Kubernetes, type Resource } from '../kubernetes/index.ts';
import type { Log } from '../log/index.ts';
import type { Random } from '../random/index.ts';
import { Answers } from './answers.ts';
import type { Attributes, Decision, DelegatedAuthOptions, UserInfo } from './index.ts';

/** A kind of question that the API server answers at once, in the object that it is asked with. */
interface ReviewKind {
  readonly kind: string;
  readonly resource: Resource;
}

const tokenReview: ReviewKind = {
  kind: 'TokenReview',
  resource: { group: 'authentication.k8s.io', version: 'v1', plural: 'tokenreviews', namespaced: false },
};
const accessReview: ReviewKind = {
  kind: 'SubjectAccessReview',
  resource: { group: 'authorization.k8s.io', version: 'v1', plural: 'subjectaccessreviews', namespaced: false },
};

interface TokenReview {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: {
      readonly username?: string;
      readonly uid?: string;
      readonly groups?: string[];
      readonly extra?: Record<string, string[]>;
    };
  };
}
interface AccessReview {
  readonly status?: { readonly allowed?: boolean; readonly reason?: string; readonly evaluationError?: string };
}

interface Parts {
  readonly kubernetes: Kubernetes;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly options: DelegatedAuthOptions;
  /** Ends questions that are open when the agent stops. One request's own signal would end them for all that wait for the answer. */
  readonly signal: () => AbortSignal;
}

const defaultTtlMs = 10_000;
/** Longer ones are kept as their digests: anybody may ask thousands with paths as long as headers may be. */
const questionMax = 512;
/** For failures that may pass: how often the API server is asked, and the first delay, which grows by half each time. */
const attemptsMax = 5;
const firstDelayMs = 500;

/** What the API server says of tokens and of who may do what, remembered for a while. */
export class Reviews {
  readonly #parts: Parts;
  readonly #tokens: Answers<UserInfo | undefined>;
  readonly #decisions: Answers<Decision>;
  /** Kinds of review that could not be had the last time. */
  readonly #failing = new Set<string>();

  constructor(parts: Parts) {
    const { clock, options } = parts;
    const { tokenTtlMs = defaultTtlMs, allowTtlMs = defaultTtlMs, denyTtlMs = defaultTtlMs } = options;
    this.#parts = parts;
    this.#tokens = new Answers({ clock, ttlMs: () => tokenTtlMs, sizeMax: 4096 });
    this.#decisions = new Answers({ clock, ttlMs: ({ allowed }) => (allowed ? allowTtlMs : denyTtlMs), sizeMax: 8192 });
  }

  /** The user that a bearer token stands for; `undefined` when it stands for none. */
  user(token: string): Promise<UserInfo | undefined> {
    return this.#tokens.get(digestOf(token), async () => {
      const { status } = await this.#review<TokenReview>(tokenReview, { token });
      if (status?.authenticated !== true) return undefined;
      const { username = '', uid, groups = [], extra = {} } = status.user ?? {};
      return { name: username, groups, extra, ...(uid === undefined ? {} : { uid }) };
    });
  }

  /** Whether a user may do something, and in the API server's words why. */
  decision(user: UserInfo, attributes: Attributes): Promise<Decision> {
    const spec = { user: user.name, uid: user.uid, groups: user.groups, extra: user.extra, ...reviewed(attributes) };
    const question = JSON.stringify(spec);
    return this.#decisions.get(question.length > questionMax ? digestOf(question) : question, async () => {
      const { status } = await this.#review<AccessReview>(accessReview, spec);
      const reason = [status?.reason, status?.evaluationError].filter((text) => text !== undefined && text !== '').join(': ');
      return { allowed: status?.allowed === true, reason };
    });
  }

  /** Tried again when the API server fails, not when it refuses. */
  async #review<T>({ kind, resource }: ReviewKind, spec: object): Promise<T> {
    const { kubernetes, clock, random } = this.#parts;
    const signal = this.#parts.signal();
    const review = { apiVersion: `${resource.group}/${resource.version}`, kind, spec };
    for (let attempt = 1, delayMs = firstDelayMs; ; attempt += 1, delayMs *= 1.5) {
      try {
        const answer = await kubernetes.create<T>({ resource }, review, { signal });
        this.#failing.delete(kind);
        return answer;
      } catch (error) {
        if (attempt === attemptsMax || !mayPass(error)) {
          if (!signal.aborted) this.#tell(kind, error);
          throw error;
        }
        await clock.sleep(delayMs * (1 + 0.2 * random.next()), signal);
      }
    }
  }

  /** Once until it works again: there may be very many requests. */
  #tell(kind: string, error: unknown): void {
    if (this.#failing.has(kind)) return;
    this.#failing.add(kind);
    const help = 'clients are refused until it can be; the right is in the cluster role system:auth-delegator';
    this.#parts.log.warn(`the API server cannot be asked for a ${kind}: ${help}`, { error });
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

function mayPass(error: unknown): boolean {
  return error instanceof UnreachableError || (error instanceof KubernetesError && (error.code === 429 || error.code >= 500));
}

/** The part of a SubjectAccessReview that says what somebody wants to do. */
function reviewed(attributes: Attributes): object {
  if ('path' in attributes) return { nonResourceAttributes: { path: attributes.path, verb: attributes.verb } };
  const { namespace, verb, group, version, resource } = attributes;
  return { resourceAttributes: { namespace, verb, group, version, resource } };
}
