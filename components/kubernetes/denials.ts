import { component, many, token } from '../../src/fx/index.ts';
import { StatusProvider } from '../status/index.ts';
import type { Denial, KubernetesError } from './index.ts';

/** What was asked for, in the words of RBAC. */
export type DeniableCall = Omit<Denial, 'count'>;

/** What RBAC refuses us at present. Private to this folder: others read `Kubernetes.denials`. */
export interface Denials {
  readonly all: readonly Denial[];
  /** Call it with every refusal; only RBAC's own are kept. */
  refused(call: DeniableCall, error: KubernetesError): void;
  /** Call it with every success: what is granted later is a denial no longer. */
  granted(call: DeniableCall): void;
}
export const Denials = token<Denials>()('kubernetes-denials');

/** An agent without any rights asks for this many different things at most; beyond, the oldest are forgotten. */
const kept = 200;
/** Admission and quotas answer 403 too, for reasons that a role would not change. */
const isFromRbac = /\bcannot \S+ (?:resource|path) /;

class RememberedDenials implements Denials {
  readonly #byCall = new Map<string, Denial>();

  get all(): readonly Denial[] {
    return [...this.#byCall.values()];
  }

  refused(call: DeniableCall, { code, message }: KubernetesError): void {
    if (code !== 403 || !isFromRbac.test(message)) return;
    const key = keyOf(call);
    const count = (this.#byCall.get(key)?.count ?? 0) + 1;
    this.#byCall.delete(key);
    this.#byCall.set(key, { ...call, count });
    const [oldest] = this.#byCall.keys();
    if (this.#byCall.size > kept && oldest !== undefined) this.#byCall.delete(oldest);
  }

  granted(call: DeniableCall): void {
    if (this.#byCall.size > 0) this.#byCall.delete(keyOf(call));
  }
}

function keyOf({ verb, resource, namespace, name }: DeniableCall): string {
  return [verb, resource, namespace, name].join(' ');
}

/** `cannot get configmaps "lock" in namespace "default" (3 times)`. */
function sentence({ verb, resource, namespace, name, count }: Denial): string {
  const what = name === undefined ? resource : `${resource} "${name}"`;
  const where = namespace === undefined ? '' : ` in namespace "${namespace}"`;
  return `cannot ${verb} ${what}${where} (${count === 1 ? 'once' : `${count} times`})`;
}

function statusOf(denials: Denials): StatusProvider {
  return {
    name: 'Kubernetes API',
    section: 'Kubernetes API',
    json: () => ({ kubernetesDenials: denials.all }),
    text: () => {
      if (denials.all.length === 0) return '';
      const lines = denials.all.map((denial) => `    ${sentence(denial)}`);
      return ['  RBAC denies what the agent needs; add these verbs to its roles:', ...lines, ''].join('\n');
    },
  };
}

export const rememberedDenials = component({
  provides: { denials: Denials, status: many(StatusProvider) },
  create: () => {
    const denials = new RememberedDenials();
    return { denials, status: statusOf(denials) };
  },
});
