import { createHash } from 'node:crypto';

const podsEachService = 20;
const servicesEachNamespace = 25;
const nodes = 1400;

const digest = (text: string, length: number): string => createHash('md5').update(text).digest('hex').repeat(2).slice(0, length);
const uidOf = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');

/** The text of one service's pods, cut at the places where each pod says something else: every other part is the name of such a place. */
const texts = new Map<number, readonly string[]>();

function textOf(service: number): readonly string[] {
  const known = texts.get(service);
  if (known !== undefined) return known;
  const made = JSON.stringify(podOf(`checkout-${service}`, `team-${Math.floor(service / servicesEachNamespace)}`)).split('~');
  texts.set(service, made);
  return made;
}

/** The pod of this number, the same each time but for its version. About 5.5 kB, a fifth of it managed fields, as in a cluster of a web company. */
export function podJson(index: number, version: number): string {
  const hash = Math.imul(index + 1, 0x9e3779b1) >>> 0;
  const hex = hash.toString(16).padStart(8, '0').repeat(8);
  const node = hash % nodes;
  const host = `10.1.${node % 256}.${node >> 8}`;
  const places: Readonly<Record<string, string>> = {
    name: index.toString(36).padStart(5, '0'),
    uid: uidOf(hex),
    version: String(version),
    node: `ip-${host.replaceAll('.', '-')}.eu-west-1.compute.internal`,
    host,
    ip: `10.${(index >> 16) + 2}.${(index >> 8) & 255}.${index & 255}`,
    container: hex,
  };
  return textOf(Math.floor(index / podsEachService))
    .map((part, at) => (at % 2 === 0 ? part : places[part]))
    .join('');
}

const created = '2026-11-20T08:15:30Z';
const condition = (type: string): object => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: created });

function podOf(service: string, namespace: string): object {
  const replicaSet = `${service}-${digest(service, 10)}`;
  return {
    metadata: {
      name: `${replicaSet}-~name~`,
      generateName: `${replicaSet}-`,
      namespace,
      uid: '~uid~',
      resourceVersion: '~version~',
      creationTimestamp: created,
      labels: labelsOf(service, replicaSet),
      annotations: { 'checksum/config': digest(service, 64), 'kubernetes.io/psp': 'eks.privileged' },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: replicaSet,
          uid: uidOf(digest(replicaSet, 32)),
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields,
    },
    spec: specOf(service),
    status: {
      phase: 'Running',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(condition),
      hostIP: '~host~',
      podIP: '~ip~',
      startTime: created,
      containerStatuses: [statusOf('main', service), statusOf('proxy', 'envoy')],
      qosClass: 'Burstable',
    },
  };
}

function labelsOf(service: string, replicaSet: string): object {
  return {
    app: service,
    'app.kubernetes.io/managed-by': 'Helm',
    'app.kubernetes.io/part-of': 'shop',
    'pod-template-hash': replicaSet.slice(-10),
    'tags.datadoghq.com/env': 'production',
    'tags.datadoghq.com/service': service,
    'tags.datadoghq.com/version': '2026.11.3',
  };
}

function specOf(service: string): object {
  return {
    volumes: [
      { name: 'config', configMap: { name: `${service}-config`, defaultMode: 420 } },
      {
        name: 'kube-api-access',
        projected: {
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
            { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          ],
          defaultMode: 420,
        },
      },
    ],
    containers: [containerOf('main', service, 8080), containerOf('proxy', 'envoy', 9901)],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: service,
    serviceAccount: service,
    nodeName: '~node~',
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    schedulerName: 'default-scheduler',
    tolerations: ['not-ready', 'unreachable'].map((key) => ({
      key: `node.kubernetes.io/${key}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    })),
    priority: 0,
    enableServiceLinks: true,
  };
}

const imageOf = (service: string): string => `registry.example.com/shop/${service.replace(/-\d+$/, '')}:2026.11.3`;

function containerOf(name: string, service: string, port: number): object {
  const probe = { httpGet: { path: '/healthz', port: 'http', scheme: 'HTTP' }, timeoutSeconds: 1, periodSeconds: 10, failureThreshold: 3 };
  return {
    name,
    image: imageOf(service),
    args: ['--config', '/etc/config/service.yaml'],
    ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }],
    env: [{ name: 'DD_AGENT_HOST', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.hostIP' } } }],
    resources: { limits: { memory: '512Mi' }, requests: { cpu: '250m', memory: '256Mi' } },
    volumeMounts: [
      { name: 'config', mountPath: '/etc/config' },
      { name: 'kube-api-access', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ],
    ...(name === 'main' ? { readinessProbe: probe } : {}),
    imagePullPolicy: 'IfNotPresent',
  };
}

function statusOf(name: string, service: string): object {
  const image = imageOf(service);
  return {
    name,
    state: { running: { startedAt: created } },
    lastState: {},
    ready: true,
    restartCount: 0,
    image,
    imageID: `${image.split(':')[0]}@sha256:${digest(image, 64)}`,
    containerID: 'containerd://~container~',
    started: true,
  };
}

const fields = (...names: readonly string[]): object => Object.fromEntries(names.map((name) => [`f:${name}`, {}]));

const managedFields = [
  {
    manager: 'kube-controller-manager',
    operation: 'Update',
    apiVersion: 'v1',
    time: created,
    fieldsType: 'FieldsV1',
    fieldsV1: {
      'f:metadata': { 'f:generateName': {}, 'f:labels': fields('app', 'pod-template-hash'), 'f:annotations': fields('checksum/config') },
      'f:spec': {
        'f:containers': {
          'k:{"name":"main"}': fields('args', 'env', 'image', 'imagePullPolicy', 'name', 'ports', 'resources', 'volumeMounts'),
          'k:{"name":"proxy"}': fields('args', 'env', 'image', 'imagePullPolicy', 'name', 'ports', 'resources', 'volumeMounts'),
        },
        ...fields('dnsPolicy', 'restartPolicy', 'schedulerName', 'securityContext', 'serviceAccount', 'tolerations', 'volumes'),
      },
    },
  },
  {
    manager: 'kubelet',
    operation: 'Update',
    apiVersion: 'v1',
    time: created,
    fieldsType: 'FieldsV1',
    fieldsV1: {
      'f:status': {
        'f:conditions': {
          'k:{"type":"Ready"}': fields('lastProbeTime', 'lastTransitionTime', 'status', 'type'),
          'k:{"type":"ContainersReady"}': fields('lastProbeTime', 'lastTransitionTime', 'status', 'type'),
        },
        ...fields('containerStatuses', 'hostIP', 'phase', 'podIP', 'podIPs', 'startTime'),
      },
    },
    subresource: 'status',
  },
];
