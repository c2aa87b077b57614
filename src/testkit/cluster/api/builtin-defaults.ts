import { randomBytes } from 'node:crypto';
import { type JsonObject, type KubeObject, arrayAt, at, clone, isObject, objectAt, put, textAt, textMapAt } from '../json.ts';
import type { Resource } from '../resources/resource.ts';
import { defaultCrd } from '../resources/custom.ts';
import { defaultPodSpec, fill, items, qosClass } from './pod-defaults.ts';

type Defaulter = (object: KubeObject, spec: JsonObject) => void;

/** Fills in, in place, what the API server fills in for a built-in kind whenever it reads one. */
export function defaultBuiltin(object: KubeObject, { group, kind }: Resource): void {
  const defaulter = DEFAULTERS[group === '' ? kind : `${kind}.${group}`];
  if (defaulter === undefined) return;
  defaulter(object, isObject(object['spec']) ? object['spec'] : {});
}

/** What Go writes though it is empty. */
function scalerStatus(status: JsonObject): JsonObject {
  fill(status, { currentReplicas: 0, desiredReplicas: 0, currentMetrics: null, conditions: null });
  for (const condition of items(status, 'conditions')) fill(condition, { lastTransitionTime: null });
  return status;
}

const ROLLING: JsonObject = { maxUnavailable: '25%', maxSurge: '25%' };

function defaultTemplate(spec: JsonObject): void {
  const template = objectAt(spec, 'template');
  if (isObject(template['metadata']) || isObject(template['spec'])) fill(template, { metadata: {} });
  if (isObject(template['spec'])) defaultPodSpec(template['spec']);
}

function defaultRoleRef(binding: KubeObject): void {
  const group = 'rbac.authorization.k8s.io';
  if (isObject(binding['roleRef'])) fill(binding['roleRef'], { apiGroup: group });
  for (const subject of items(binding, 'subjects')) {
    if (textAt(subject, 'kind') !== 'ServiceAccount') fill(subject, { apiGroup: group });
  }
}

function defaultWebhooks(configuration: KubeObject): void {
  const mutating = configuration.kind === 'MutatingWebhookConfiguration';
  for (const webhook of items(configuration, 'webhooks')) {
    fill(webhook, { failurePolicy: 'Fail', matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, timeoutSeconds: 10 });
    if (mutating) fill(webhook, { reinvocationPolicy: 'Never' });
    for (const rule of items(webhook, 'rules')) fill(rule, { scope: '*' });
    const service = at(webhook, 'clientConfig', 'service');
    if (isObject(service)) fill(service, { port: 443 });
  }
}

function defaultService(spec: JsonObject): void {
  fill(spec, { type: 'ClusterIP', sessionAffinity: 'None' });
  for (const port of items(spec, 'ports')) {
    fill(port, { protocol: 'TCP' });
    const number = port['port'];
    if (number !== undefined && spec['type'] !== 'ExternalName') fill(port, { targetPort: number });
  }
}

function defaultSecret(secret: KubeObject): void {
  fill(secret, { type: 'Opaque' });
  const plain = textMapAt(secret, 'stringData');
  if (at(secret, 'stringData') === undefined) return;
  const encoded = Object.entries(plain).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  secret['data'] = { ...objectAt(secret, 'data'), ...Object.fromEntries(encoded) };
  delete secret['stringData'];
}

const DEFAULTERS: Readonly<Record<string, Defaulter>> = {
  Pod: (_, spec) => {
    defaultPodSpec(spec);
    fill(spec, { enableServiceLinks: true });
  },
  PodTemplate: (template) => defaultTemplate({ template: objectAt(template, 'template') }),
  // Go writes these even when they are empty.
  Event: (event) =>
    fill(event, { source: {}, eventTime: null, firstTimestamp: null, lastTimestamp: null, reportingComponent: '', reportingInstance: '' }),
  Service: (_, spec) => defaultService(spec),
  Secret: defaultSecret,
  Namespace: (namespace) => {
    namespace.metadata.labels = { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': namespace.metadata.name ?? '' };
  },
  PersistentVolume: (_, spec) => fill(spec, { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' }),
  PersistentVolumeClaim: (_, spec) => fill(spec, { volumeMode: 'Filesystem' }),
  Endpoints: (endpoints) => {
    for (const port of items(endpoints, 'subsets').flatMap((subset) => items(subset, 'ports'))) fill(port, { protocol: 'TCP' });
  },
  ReplicationController: (_, spec) => {
    fill(spec, { replicas: 1 });
    defaultTemplate(spec);
  },
  'Deployment.apps': (_, spec) => {
    fill(spec, { replicas: 1, strategy: {}, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 });
    const strategy = objectAt(spec, 'strategy');
    fill(strategy, { type: 'RollingUpdate' });
    if (strategy['type'] === 'RollingUpdate') strategy['rollingUpdate'] = { ...ROLLING, ...objectAt(strategy, 'rollingUpdate') };
    defaultTemplate(spec);
  },
  'ReplicaSet.apps': (_, spec) => {
    fill(spec, { replicas: 1 });
    defaultTemplate(spec);
  },
  'StatefulSet.apps': (_, spec) => {
    fill(spec, {
      replicas: 1,
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      revisionHistoryLimit: 10,
    });
    defaultTemplate(spec);
  },
  'DaemonSet.apps': (_, spec) => {
    fill(spec, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } }, revisionHistoryLimit: 10 });
    defaultTemplate(spec);
  },
  'Job.batch': (_, spec) => {
    fill(spec, { parallelism: 1, completions: 1, backoffLimit: 6 });
    defaultTemplate(spec);
  },
  'CronJob.batch': (_, spec) => {
    fill(spec, { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 });
    defaultTemplate(objectAt(spec, 'jobTemplate', 'spec'));
  },
  'HorizontalPodAutoscaler.autoscaling': (scaler, spec) => {
    scaler['status'] = scalerStatus(objectAt(scaler, 'status'));
    fill(spec, { minReplicas: 1 });
    if (arrayAt(spec, 'metrics').length > 0) return;
    const target = { type: 'Utilization', averageUtilization: 80 };
    spec['metrics'] = [{ type: 'Resource', resource: { name: 'cpu', target } }];
  },
  'RoleBinding.rbac.authorization.k8s.io': defaultRoleRef,
  'ClusterRoleBinding.rbac.authorization.k8s.io': defaultRoleRef,
  'MutatingWebhookConfiguration.admissionregistration.k8s.io': defaultWebhooks,
  'ValidatingWebhookConfiguration.admissionregistration.k8s.io': defaultWebhooks,
  'StorageClass.storage.k8s.io': (storageClass) => fill(storageClass, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }),
  'PriorityClass.scheduling.k8s.io': (priorityClass) => fill(priorityClass, { preemptionPolicy: 'PreemptLowerPriority' }),
  'EndpointSlice.discovery.k8s.io': (slice) => {
    for (const port of items(slice, 'ports')) fill(port, { name: '', protocol: 'TCP' });
  },
  'CustomResourceDefinition.apiextensions.k8s.io': defaultCrd,
};

/** Counters that are written even when they are zero. */
const FIRST_STATUS: Readonly<Record<string, JsonObject>> = {
  'ReplicaSet.apps': { replicas: 0 },
  'StatefulSet.apps': { replicas: 0 },
  'DaemonSet.apps': { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
  'HorizontalPodAutoscaler.autoscaling': scalerStatus({}),
};

/** Status with which an object of a built-in kind begins its life; whatever the client sent is dropped. Undefined: kept as sent. */
export function initialStatus(object: KubeObject, { kind, group }: Resource): JsonObject | undefined {
  if (group !== '') return clone(FIRST_STATUS[`${kind}.${group}`] ?? {});
  switch (kind) {
    case 'Node':
      return undefined;
    case 'Namespace':
      return { phase: 'Active' };
    case 'Pod':
      return { phase: 'Pending', qosClass: qosClass(objectAt(object, 'spec')) };
    case 'PersistentVolume':
    case 'PersistentVolumeClaim':
      return { phase: 'Pending' };
    case 'Service':
      return { loadBalancer: {} };
    case 'ReplicationController':
      return { replicas: 0 };
    default:
      return {};
  }
}

/** How long a pod stays on a node that is not there: what the real server's admission gives every pod that does not say. */
const UNREACHABLE: JsonObject[] = ['not-ready', 'unreachable'].map((state) => ({
  key: `node.kubernetes.io/${state}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 300,
}));

/** What only the create of an object sets, in place: addresses of services, the selector of a job. */
export function onCreate(object: KubeObject, resource: Resource, allocate: () => { address: string; nodePort: number }): void {
  const spec = objectAt(object, 'spec');
  if (resource.storage === 'namespaces') object['spec'] = { finalizers: ['kubernetes'] };
  if (resource.storage === 'services') assignAddress(spec, allocate);
  if (resource.storage === 'pods') fill(spec, { preemptionPolicy: 'PreemptLowerPriority', priority: 0, tolerations: clone(UNREACHABLE) });
  if (resource.storage === 'jobs.batch') selectOwnPods(object, spec);
  if (resource.storage === 'replicationcontrollers') fill(spec, { selector: objectAt(spec, 'template', 'metadata', 'labels') });
}

function assignAddress(spec: JsonObject, allocate: () => { address: string; nodePort: number }): void {
  if (spec['type'] === 'ExternalName') return;
  const wanted = textAt(spec, 'clusterIP');
  const address = wanted === '' ? allocate().address : wanted;
  Object.assign(spec, { clusterIP: address, clusterIPs: [address] });
  fill(spec, { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
  if (spec['type'] === 'ClusterIP') return;
  for (const port of items(spec, 'ports')) fill(port, { nodePort: allocate().nodePort });
}

function selectOwnPods(job: KubeObject, spec: JsonObject): void {
  if (spec['manualSelector'] === true) return;
  const uid = job.metadata.uid ?? '';
  spec['selector'] = { matchLabels: { 'controller-uid': uid } };
  const template = objectAt(spec, 'template');
  const labels = { ...objectAt(template, 'metadata', 'labels'), 'controller-uid': uid, 'job-name': job.metadata.name ?? '' };
  template['metadata'] = { ...objectAt(template, 'metadata'), labels };
  if (job.metadata.labels === undefined) put(job.metadata, ['labels'], { ...labels });
}

/** Letters that look like nothing offensive or ambiguous: the alphabet of generated names. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** Five random characters, as `generateName` appends them. */
export function nameSuffix(): string {
  return [...randomBytes(5)].map((byte) => ALPHABET[byte % ALPHABET.length] ?? '').join('');
}
