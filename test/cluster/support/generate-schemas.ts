import { writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import type { Json, JsonObject } from '../../../src/testkit/cluster/json.ts';
import { isObject, objectAt } from '../../../src/testkit/cluster/json.ts';
import { builtins } from '../../../src/testkit/cluster/resources/builtins.ts';
import { startRealServer } from './real-server.ts';

/**
 * Writes `src/testkit/cluster/schema/generated/definitions.ts` from what a real kube-apiserver says of its own types:
 * `KUBEBUILDER_ASSETS=... npm run cluster:schemas`. Where the server is too old for a version, an older one of the same types stands in.
 */
const OLDER: Readonly<Record<string, string>> = {
  'io.k8s.api.policy.v1.': 'io.k8s.api.policy.v1beta1.',
  'io.k8s.api.discovery.v1.': 'io.k8s.api.discovery.v1beta1.',
  'io.k8s.api.batch.v1.': 'io.k8s.api.batch.v1beta1.',
  'io.k8s.api.autoscaling.v2.': 'io.k8s.api.autoscaling.v2beta2.',
};

/** Fields that came after the stand-ins: without them the server would drop what today's controllers write. */
const ADDITIONS: Readonly<Record<string, JsonObject>> = {
  'io.k8s.api.discovery.v1.Endpoint': {
    zone: { type: 'string' },
    deprecatedTopology: { type: 'object', additionalProperties: { type: 'string' } },
    hints: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
  'io.k8s.api.policy.v1.PodDisruptionBudgetSpec': { unhealthyPodEvictionPolicy: { type: 'string' } },
  'io.k8s.api.batch.v1.CronJobSpec': { timeZone: { type: 'string' } },
  'io.k8s.api.core.v1.Container': {
    restartPolicy: { type: 'string' },
    resizePolicy: { type: 'array', items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  },
  'io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry': { subresource: { type: 'string' } },
  'io.k8s.api.core.v1.PodStatus': { resize: { type: 'string' }, observedGeneration: { type: 'integer', format: 'int64' } },
};

const ROOTS = [
  'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta',
  'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Status',
  'io.k8s.api.autoscaling.v1.Scale',
  'io.k8s.api.authentication.v1.TokenRequest',
  'io.k8s.api.core.v1.Binding',
];

class Closure {
  readonly chosen = new Map<string, JsonObject>();
  readonly #definitions: JsonObject;

  constructor(definitions: JsonObject) {
    this.#definitions = definitions;
  }

  add(name: string): void {
    const pending = [name];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (this.chosen.has(next)) continue;
      const { definition, rename } = this.#find(next);
      const trimmed = trim(definition, rename);
      if (!isObject(trimmed)) continue;
      Object.assign(objectAt(trimmed, 'properties'), ADDITIONS[next]);
      this.chosen.set(next, trimmed);
      pending.push(...[...JSON.stringify(trimmed).matchAll(/"#\/definitions\/([^"]+)"/g)].map(([, target]) => target ?? ''));
    }
  }

  #find(name: string): { definition: JsonObject; rename: (target: string) => string } {
    const exact = this.#definitions[name];
    if (isObject(exact)) return { definition: exact, rename: (target) => target };
    for (const [newer, older] of Object.entries(OLDER)) {
      const standIn = name.startsWith(newer) ? this.#definitions[name.replace(newer, older)] : undefined;
      if (isObject(standIn)) return { definition: standIn, rename: (target) => target.replace(older, newer) };
    }
    throw new Error(`the server has no definition of ${name}, nor an older one`);
  }
}

/** Without descriptions: they are prose that is not ours, and most of the size. */
function trim(value: Json, rename: (target: string) => string): Json {
  if (Array.isArray(value)) return value.map((item) => trim(item, rename));
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    if (key === 'description' && typeof item === 'string') continue;
    if (key === '$ref' && typeof item === 'string') result[key] = rename(item);
    else if (key !== 'x-kubernetes-group-version-kind') result[key] = trim(item, rename);
  }
  return result;
}

async function fetchDefinitions(assets: string): Promise<JsonObject> {
  const server = await startRealServer(assets);
  try {
    const admin = server.authority.issue({ commonName: 'admin', organizations: ['system:masters'] });
    const tls = { ca: server.authority.certificate, cert: admin.certificate, key: admin.key, agent: false };
    const text = await new Promise<string>((resolve, reject) => {
      request(`${server.url}/openapi/v2`, tls, (response) => {
        response.setEncoding('utf8');
        response.toArray().then((chunks) => resolve(chunks.join('')), reject);
      })
        .on('error', reject)
        .end();
    });
    const document: Json = JSON.parse(text);
    return objectAt(document, 'definitions');
  } finally {
    await server.stop();
  }
}

const closure = new Closure(await fetchDefinitions(process.env['KUBEBUILDER_ASSETS'] ?? ''));
for (const root of ROOTS) closure.add(root);
for (const { definition } of builtins) closure.add(definition);
const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const lines = [...closure.chosen]
  .toSorted(([left], [right]) => (left < right ? -1 : 1))
  .map(([name, definition]) => `  ${quote(name)}: ${quote(JSON.stringify(definition))},`);
const target = new URL('../../../src/testkit/cluster/schema/generated/definitions.ts', import.meta.url);
await writeFile(
  target,
  `// Generated from a kube-apiserver's /openapi/v2 (Apache-2.0, The Kubernetes Authors); do not edit.\nexport const definitions: Readonly<Record<string, string>> = {\n${lines.join('\n')}\n};\n`,
);
process.stdout.write(`${closure.chosen.size} definitions written\n`);
