import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { apiServerSettings } from '../../components/api-server/index.ts';
import { loadConfig } from '../../components/config/yaml.ts';
import { externalMetricsSettings } from '../../components/external-metrics/index.ts';
import { healthprobeSettings } from '../../components/healthprobe/index.ts';
import { telemetrySettings } from '../../components/telemetry/index.ts';
import { rbacOf } from '../../src/sandbox/rbac.ts';
import { settings } from '../../src/settings.ts';
import { startCluster, type KubeObject } from '../../src/testkit/cluster/index.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const manifests = (file: string): KubeObject[] =>
  parseAllDocuments(read(`examples/kubernetes/${file}`)).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as KubeObject;
  });

interface Container {
  readonly name: string;
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly [probe: `${string}Probe`]: unknown;
}
interface PodSpec {
  readonly serviceAccountName: string;
  readonly containers: readonly Container[];
  readonly volumes: readonly { readonly name: string }[];
}

const objects = manifests('cluster-agent.yaml');
const metrics = manifests('external-metrics.yaml');
const find = (kind: string, among = objects): KubeObject => among.find((each) => each.kind === kind) ?? expect.fail(`there is no ${kind}`);
const { template } = find('Deployment')['spec'] as unknown as { template: { metadata: KubeObject['metadata']; spec: PodSpec } };
const [container = expect.fail('there is no container')] = template.spec.containers;

describe('examples/kubernetes', () => {
  it('grants what the sandbox grants, which is what Helm grants', () => {
    expect(manifests('rbac.yaml')).toEqual(rbacOf({ release: 'datadog', namespace: 'datadog' }));
  });

  it('is taken by an API server', async () => {
    const cluster = await startCluster();
    try {
      cluster.objects.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'datadog' } });
      for (const object of [...manifests('rbac.yaml'), ...objects, ...metrics])
        expect(cluster.objects.put(object).metadata.uid).toMatch(/.{36}/);
    } finally {
      await cluster.stop();
    }
  });

  it('opens the ports that the agent listens on, and probes where it answers', async () => {
    const env = Object.fromEntries(container.env.map(({ name, value = '' }) => [name, value]));
    const config = await loadConfig({ settings, env });
    expect(config.warnings).toEqual([]);
    expect(container.ports.map(({ name, containerPort }) => [name, containerPort])).toEqual([
      ['agentport', config.get(apiServerSettings.cmdPort)],
      ['agentmetrics', config.get(telemetrySettings.port)],
    ]);
    const probes = Object.entries({ liveness: '/live', readiness: '/ready', startup: '/startup' });
    for (const [kind, path] of probes) {
      expect(container[`${kind}Probe`]).toMatchObject({ httpGet: { port: config.get(healthprobeSettings.port), path } });
    }
    expect(find('Service')['spec']).toMatchObject({ ports: [{ port: config.get(apiServerSettings.cmdPort) }] });
  });

  it('leads autoscalers to the port of external metrics, and lets them read', async () => {
    const config = await loadConfig({ settings, env: {} });
    const port = config.get(externalMetricsSettings.port);
    const service = find('Service', metrics);
    expect(service['spec']).toMatchObject({ selector: { app: template.metadata.labels?.['app'] }, ports: [{ port }] });
    const { name, namespace } = service.metadata;
    const { group = '', ...spec } = find('APIService', metrics)['spec'] as { readonly group?: string };
    expect(spec).toMatchObject({ service: { name, namespace, port } });
    const role = find('ClusterRole', metrics);
    expect(role['rules']).toMatchObject([{ apiGroups: [group], resources: ['*'], verbs: ['list', 'get', 'watch'] }]);
    expect(find('ClusterRoleBinding', metrics)['roleRef']).toMatchObject({ kind: 'ClusterRole', name: role.metadata.name });
  });

  it('names the same things in every place', () => {
    const env = new Map(container.env.map(({ name, value }) => [name, value]));
    const service = find('Service');
    expect(env.get('DD_CLUSTER_AGENT_KUBERNETES_SERVICE_NAME')).toBe(service.metadata.name);
    expect(env.get('CLUSTER_AGENT_DEPLOYMENT')).toBe(find('Deployment').metadata.name);
    expect(service['spec']).toMatchObject({ selector: { app: template.metadata.labels?.['app'] } });
    const [account, role] = manifests('rbac.yaml');
    expect(template.spec.serviceAccountName).toBe(account?.metadata.name);
    const locks = (role as unknown as { rules: { resources?: string[]; resourceNames?: string[] }[] }).rules.filter(({ resources = [] }) =>
      resources.includes('leases'),
    );
    expect(locks.flatMap(({ resourceNames = [] }) => resourceNames)).toContain(env.get('DD_LEADER_LEASE_NAME'));
    const volumes = template.spec.volumes.map(({ name }) => name);
    expect(container.volumeMounts.every(({ name }) => volumes.includes(name))).toBe(true);
  });

  it('builds on the version of Node that is tested, and starts what Go images start', () => {
    const dockerfile = read('examples/kubernetes/Dockerfile');
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: { node: string } };
    expect(dockerfile).toContain(`ARG NODE=${devDependencies.node}\n`);
    expect(dockerfile).toContain('ENTRYPOINT ["/entrypoint.sh"]\nCMD ["datadog-cluster-agent", "start"]\n');
    expect(dockerfile).toContain('VOLUME ["/etc/datadog-agent", "/var/log/datadog", "/tmp"]');
    expect(dockerfile).toContain('NODE_USE_SYSTEM_CA=1');
    for (const [, file = ''] of dockerfile.matchAll(/examples\/kubernetes\/([\w.-]+)/g))
      expect(() => read(`examples/kubernetes/${file}`)).not.toThrow();
  });
});
