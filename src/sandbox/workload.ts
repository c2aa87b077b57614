import type { Cluster, KubeObject } from '../testkit/cluster/index.ts';

type Objects = Cluster['objects'];

interface App {
  readonly namespace: string;
  readonly name: string;
  readonly image: string;
  readonly port: number;
  readonly least: number;
  readonly most: number;
}

const apps: readonly App[] = [
  { namespace: 'shop', name: 'web', image: 'nginx:1.27', port: 80, least: 2, most: 6 },
  { namespace: 'shop', name: 'cart', image: 'registry.example.com/cart:2.4.1', port: 8080, least: 1, most: 4 },
  { namespace: 'shop', name: 'payments', image: 'registry.example.com/payments:1.9.0', port: 8443, least: 2, most: 3 },
  { namespace: 'data', name: 'redis', image: 'redis:7.4', port: 6379, least: 1, most: 2 },
  { namespace: 'data', name: 'queue', image: 'rabbitmq:4.0', port: 5672, least: 1, most: 3 },
];
const nodes = ['node-a', 'node-b', 'node-c'];

/** Which deployment. */
type Name = Pick<App, 'namespace' | 'name'>;

function appOf({ namespace, name }: Name): App {
  const app = apps.find((each) => each.namespace === namespace && each.name === name);
  if (app === undefined) throw new Error(`the sandbox has no deployment ${namespace}/${name}`);
  return app;
}

interface Pod {
  readonly name: string;
  readonly node: string;
  readonly ip: string;
}

/**
 * What lives in the sandbox: a few deployments whose pods come and go. The cluster runs no controllers for them, so this
 * plays the scheduler, the kubelets and the deployment controller.
 */
export class Workload {
  readonly #objects: Objects;
  readonly #random: () => number;
  readonly #pods = new Map<App, Pod[]>();
  readonly #scaled = new Set<App>();
  #made = 0;

  /** @param random at least 0, less than 1 */
  constructor(objects: Objects, random: () => number) {
    this.#objects = objects;
    this.#random = random;
  }

  seed(): void {
    nodes.forEach((name, index) => this.#objects.put(node(name, index)));
    for (const name of new Set(apps.map(({ namespace }) => namespace))) {
      this.#objects.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { team: name } } });
    }
    for (const app of apps) {
      this.#objects.put(service(app));
      this.#pods.set(app, []);
      for (let count = 0; count < app.least; count += 1) this.#add(app);
      this.#publish(app);
    }
  }

  /** How many pods a deployment has. */
  replicas(of: Name): number {
    return this.#pods.get(appOf(of))?.length ?? 0;
  }

  /** Gives a deployment as many pods as an autoscaler wants. From then on nothing else changes their number. */
  scale(of: Name, replicas: number): void {
    const app = appOf(of);
    this.#scaled.add(app);
    for (let count = this.replicas(of); count < replicas; count += 1) this.#add(app);
    for (let count = this.replicas(of); count > replicas; count -= 1) this.#remove(app);
    this.#publish(app);
  }

  /** One change, as a cluster sees many: a deployment grows or shrinks by a pod, or a pod is replaced. */
  step(): void {
    const app = this.#one(apps);
    const pods = this.#pods.get(app) ?? [];
    const change = this.#scaled.has(app) ? 'replace' : this.#one(['grow', 'shrink', 'replace'] as const);
    if (change !== 'grow' && pods.length > (change === 'shrink' ? app.least : 0)) this.#remove(app);
    if (change !== 'shrink' && pods.length < app.most) this.#add(app);
    this.#publish(app);
  }

  #one<T>(choices: readonly T[]): T {
    // The index is in range: random is less than 1.
    return choices[Math.floor(this.#random() * choices.length)] as T;
  }

  #add(app: App): void {
    this.#made += 1;
    const suffix = (this.#made * 7919).toString(36).padStart(5, 'x').slice(-5);
    const made: Pod = {
      name: `${app.name}-5d8f7c9b6-${suffix}`,
      node: this.#one(nodes),
      ip: `10.1.${this.#made >> 8}.${this.#made & 0xff}`,
    };
    this.#pods.get(app)?.push(made);
  }

  #remove(app: App): void {
    const removed = this.#pods.get(app)?.shift();
    if (removed === undefined) return;
    this.#objects.delete({ apiVersion: 'v1', kind: 'Pod', namespace: app.namespace, name: removed.name });
  }

  /** Writes what is: the deployment, its replica set, its pods, and where its service leads. */
  #publish(app: App): void {
    const pods = this.#pods.get(app) ?? [];
    const deployed = this.#objects.put(deployment(app, pods.length));
    const set = this.#objects.put(replicaSet(app, { replicas: pods.length, owner: deployed }));
    const isNew = ({ name }: Pod): boolean =>
      this.#objects.get({ apiVersion: 'v1', kind: 'Pod', namespace: app.namespace, name }) === undefined;
    for (const each of pods.filter(isNew)) this.#objects.put(pod(app, each, set));
    this.#objects.put(endpoints(app, pods));
  }
}

function node(name: string, index: number): KubeObject {
  const capacity = { cpu: '4', memory: '16Gi', pods: '110' };
  const labels = { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': `sandbox-${index % 2}`, 'kubernetes.io/os': 'linux' };
  const status = {
    capacity,
    allocatable: capacity,
    addresses: [{ type: 'InternalIP', address: `10.2.0.${index + 1}` }],
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }],
  };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, status };
}

function service({ namespace, name, port }: App): KubeObject {
  const spec = { selector: { app: name }, ports: [{ name: 'main', port, protocol: 'TCP', targetPort: port }] };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec };
}

const labelsOf = ({ name, namespace }: App) => ({ app: name, 'tags.datadoghq.com/service': name, 'tags.datadoghq.com/env': namespace });

function podSpec({ name, image, port }: App) {
  return { containers: [{ name, image, ports: [{ containerPort: port, protocol: 'TCP' }] }] };
}

function deployment(app: App, replicas: number): KubeObject {
  const { namespace, name } = app;
  const labels = labelsOf(app);
  const spec = { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels }, spec: podSpec(app) } };
  const status = { replicas, readyReplicas: replicas, availableReplicas: replicas, updatedReplicas: replicas };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace, labels }, spec, status };
}

function ownedBy({ apiVersion, kind, metadata }: KubeObject) {
  const { name, uid } = metadata;
  return [{ apiVersion, kind, name: name ?? '', uid: uid ?? '', controller: true }];
}

function replicaSet(app: App, { replicas, owner }: { readonly replicas: number; readonly owner: KubeObject }): KubeObject {
  const { namespace, name } = app;
  const labels = { ...labelsOf(app), 'pod-template-hash': '5d8f7c9b6' };
  const spec = { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels }, spec: podSpec(app) } };
  const metadata = { name: `${name}-5d8f7c9b6`, namespace, labels, ownerReferences: ownedBy(owner) };
  return { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata, spec, status: { replicas, readyReplicas: replicas } };
}

function pod(app: App, { name, node: nodeName, ip }: Pod, owner: KubeObject): KubeObject {
  const startedAt = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const container = {
    name: app.name,
    image: app.image,
    imageID: app.image,
    ready: true,
    restartCount: 0,
    state: { running: { startedAt } },
  };
  const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }], startTime: startedAt, containerStatuses: [container] };
  const metadata = { name, namespace: app.namespace, labels: labelsOf(app), ownerReferences: ownedBy(owner) };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName, ...podSpec(app) }, status };
}

function endpoints({ namespace, name, port }: App, pods: readonly Pod[]): KubeObject {
  const addresses = pods.map((each) => ({ ip: each.ip, nodeName: each.node, targetRef: { kind: 'Pod', name: each.name, namespace } }));
  const subsets = [{ addresses, ports: [{ name: 'main', port, protocol: 'TCP' }] }];
  return { apiVersion: 'v1', kind: 'Endpoints', metadata: { name, namespace }, subsets };
}
