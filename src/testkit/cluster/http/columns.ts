import { type KubeObject, arrayAt, at, numberAt, objectAt, textAt, textMapAt, textsAt } from '../json.ts';
import { labelSelectorText } from '../selectors.ts';
import {
  containersOf,
  pairs,
  subjects,
  dataCount,
  servicePorts,
  addresses,
  apiServiceState,
  nodeAddress,
  nodeRoles,
  nodeStatus,
  numberOrText,
  targets,
  jobDuration,
  eventSource,
} from './cells.ts';
import { type Column, ageOf, column, orNone, since } from './column-kit.ts';
import { podColumns } from './pod-columns.ts';

const { text, number, wide } = column;

const age = text('Age', ageOf);
const createdAt: Column = { name: 'Created At', type: 'date', description: '', cell: ({ metadata }) => metadata.creationTimestamp ?? null };
const field =
  (...path: readonly string[]) =>
  (object: KubeObject): string =>
    textAt(object, ...path);

const containers = [
  wide('Containers', (object) => containersOf(object, 'name')),
  wide('Images', (object) => containersOf(object, 'image')),
];
const selector = wide('Selector', (object) => orNone(labelSelectorText(objectAt(object, 'spec', 'selector'))));
const replicas = [
  number('Desired', 'spec', 'replicas'),
  number('Current', 'status', 'replicas'),
  number('Ready', 'status', 'readyReplicas'),
];
const ready = text('Ready', (object) => `${numberAt(object, 'status', 'readyReplicas') ?? 0}/${numberAt(object, 'spec', 'replicas') ?? 0}`);

const binding = [
  text('Role', (object) => `${textAt(object, 'roleRef', 'kind')}/${textAt(object, 'roleRef', 'name')}`),
  age,
  wide('Users', subjects('User')),
  wide('Groups', subjects('Group')),
  wide('ServiceAccounts', subjects('ServiceAccount')),
];

/** The columns after the name, for each built-in resource that has more than an age. */
export const builtinColumns: Readonly<Record<string, readonly Column[]>> = {
  ...podColumns,
  nodes: [
    text('Status', nodeStatus),
    text('Roles', nodeRoles),
    age,
    text('Version', field('status', 'nodeInfo', 'kubeletVersion')),
    wide('Internal-IP', nodeAddress('InternalIP')),
    wide('External-IP', nodeAddress('ExternalIP')),
    wide('OS-Image', (object) => textAt(object, 'status', 'nodeInfo', 'osImage') || '<unknown>'),
    wide('Kernel-Version', (object) => textAt(object, 'status', 'nodeInfo', 'kernelVersion') || '<unknown>'),
    wide('Container-Runtime', (object) => textAt(object, 'status', 'nodeInfo', 'containerRuntimeVersion') || '<unknown>'),
  ],
  services: [
    text('Type', field('spec', 'type')),
    text('Cluster-IP', (object) => orNone(textAt(object, 'spec', 'clusterIP'))),
    text('External-IP', (object) =>
      orNone([...textsAt(object, 'spec', 'externalIPs'), textAt(object, 'spec', 'externalName')].filter((item) => item !== '').join(',')),
    ),
    text('Port(s)', servicePorts),
    age,
    wide('Selector', (object) => pairs(textMapAt(object, 'spec', 'selector'))),
  ],
  events: [
    text('Last Seen', (object, now) => since(at(object, 'lastTimestamp') ?? at(object, 'eventTime'), now)),
    text('Type', field('type')),
    text('Reason', field('reason')),
    text('Object', (object) => `${textAt(object, 'involvedObject', 'kind').toLowerCase()}/${textAt(object, 'involvedObject', 'name')}`),
    wide('Subobject', field('involvedObject', 'fieldPath')),
    wide('Source', eventSource),
    text('Message', (object) => textAt(object, 'message').trim()),
    wide('First Seen', (object, now) => since(at(object, 'firstTimestamp') ?? at(object, 'eventTime'), now)),
    wide('Count', (object) => numberAt(object, 'count') ?? 1),
  ],
  configmaps: [{ ...text('Data', dataCount) }, age],
  secrets: [text('Type', field('type')), text('Data', dataCount), age],
  endpoints: [text('Endpoints', addresses), age],
  namespaces: [text('Status', field('status', 'phase')), age],
  serviceaccounts: [text('Secrets', (object) => arrayAt(object, 'secrets').length), age],
  persistentvolumeclaims: [
    text('Status', field('status', 'phase')),
    text('Volume', field('spec', 'volumeName')),
    text('Capacity', field('status', 'capacity', 'storage')),
    text('Access Modes', (object) => textsAt(object, 'spec', 'accessModes').join(',')),
    text('StorageClass', field('spec', 'storageClassName')),
    age,
    wide('VolumeMode', field('spec', 'volumeMode')),
  ],
  replicationcontrollers: [...replicas, age, ...containers, wide('Selector', (object) => pairs(textMapAt(object, 'spec', 'selector')))],
  'deployments.apps': [
    ready,
    number('Up-to-date', 'status', 'updatedReplicas'),
    number('Available', 'status', 'availableReplicas'),
    age,
    ...containers,
    selector,
  ],
  'replicasets.apps': [...replicas, age, ...containers, selector],
  'statefulsets.apps': [ready, age, ...containers],
  'daemonsets.apps': [
    number('Desired', 'status', 'desiredNumberScheduled'),
    number('Current', 'status', 'currentNumberScheduled'),
    number('Ready', 'status', 'numberReady'),
    number('Up-to-date', 'status', 'updatedNumberScheduled'),
    number('Available', 'status', 'numberAvailable'),
    text('Node Selector', (object) => pairs(textMapAt(object, 'spec', 'template', 'spec', 'nodeSelector'))),
    age,
    ...containers,
    selector,
  ],
  'jobs.batch': [
    text('Completions', (object) => `${numberAt(object, 'status', 'succeeded') ?? 0}/${numberAt(object, 'spec', 'completions') ?? 1}`),
    text('Duration', jobDuration),
    age,
    ...containers,
    selector,
  ],
  'cronjobs.batch': [
    text('Schedule', field('spec', 'schedule')),
    { ...text('Suspend', (object) => at(object, 'spec', 'suspend') === true), type: 'boolean' },
    { ...number('Active'), cell: (object) => arrayAt(object, 'status', 'active').length },
    text('Last Schedule', (object, now) =>
      orNone(textAt(object, 'status', 'lastScheduleTime') && since(at(object, 'status', 'lastScheduleTime'), now)),
    ),
    age,
    ...containers,
  ],
  'horizontalpodautoscalers.autoscaling': [
    text(
      'Reference',
      (object) => `${textAt(object, 'spec', 'scaleTargetRef', 'kind')}/${textAt(object, 'spec', 'scaleTargetRef', 'name')}`,
    ),
    text('Targets', targets),
    text('MinPods', (object) => String(numberAt(object, 'spec', 'minReplicas') ?? '<unset>')),
    text('MaxPods', (object) => String(numberAt(object, 'spec', 'maxReplicas') ?? 0)),
    text('Replicas', (object) => String(numberAt(object, 'status', 'currentReplicas') ?? 0)),
    age,
  ],
  'leases.coordination.k8s.io': [text('Holder', field('spec', 'holderIdentity')), age],
  'poddisruptionbudgets.policy': [
    text('Min Available', (object) => numberOrText(at(object, 'spec', 'minAvailable'))),
    text('Max Unavailable', (object) => numberOrText(at(object, 'spec', 'maxUnavailable'))),
    number('Allowed Disruptions', 'status', 'disruptionsAllowed'),
    age,
  ],
  'ingresses.networking.k8s.io': [
    text('Class', (object) => orNone(textAt(object, 'spec', 'ingressClassName'))),
    text(
      'Hosts',
      (object) =>
        arrayAt(object, 'spec', 'rules')
          .map((rule) => textAt(rule, 'host') || '*')
          .join(',') || '*',
    ),
    text('Address', (object) =>
      arrayAt(object, 'status', 'loadBalancer', 'ingress')
        .map((item) => textAt(item, 'ip') || textAt(item, 'hostname'))
        .join(','),
    ),
    text('Ports', (object) => (arrayAt(object, 'spec', 'tls').length > 0 ? '80, 443' : '80')),
    age,
  ],
  'storageclasses.storage.k8s.io': [
    text('Provisioner', field('provisioner')),
    text('ReclaimPolicy', field('reclaimPolicy')),
    text('VolumeBindingMode', field('volumeBindingMode')),
    text('AllowVolumeExpansion', (object) => at(object, 'allowVolumeExpansion') === true),
    age,
  ],
  'endpointslices.discovery.k8s.io': [
    text('AddressType', field('addressType')),
    text('Ports', (object) =>
      orNone(
        arrayAt(object, 'ports')
          .map((port) => String(numberAt(port, 'port') ?? '*'))
          .join(','),
      ),
    ),
    text('Endpoints', (object) =>
      orNone(
        arrayAt(object, 'endpoints')
          .flatMap((endpoint) => textsAt(endpoint, 'addresses'))
          .join(','),
      ),
    ),
    age,
  ],
  'clusterroles.rbac.authorization.k8s.io': [createdAt],
  'roles.rbac.authorization.k8s.io': [createdAt],
  'clusterrolebindings.rbac.authorization.k8s.io': binding,
  'rolebindings.rbac.authorization.k8s.io': binding,
  'apiservices.apiregistration.k8s.io': [
    text('Service', (object) =>
      at(object, 'spec', 'service') === undefined
        ? 'Local'
        : `${textAt(object, 'spec', 'service', 'namespace')}/${textAt(object, 'spec', 'service', 'name')}`,
    ),
    text('Available', apiServiceState),
    age,
  ],
  'customresourcedefinitions.apiextensions.k8s.io': [createdAt],
  limitranges: [createdAt],
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': [
    { ...number('Webhooks'), cell: (object) => arrayAt(object, 'webhooks').length },
    age,
  ],
  'validatingwebhookconfigurations.admissionregistration.k8s.io': [
    { ...number('Webhooks'), cell: (object) => arrayAt(object, 'webhooks').length },
    age,
  ],
  'priorityclasses.scheduling.k8s.io': [
    number('Value', 'value'),
    { ...text('Global-Default', (object) => at(object, 'globalDefault') === true), type: 'boolean' },
    age,
  ],
};
