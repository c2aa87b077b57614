import { definitionOf } from '../schema/definitions.ts';
import { eventConversion, scalerConversion } from './conversions.ts';
import { ALL_VERBS, type Conversion, type Resource, type ScalePaths, type Verb } from './resource.ts';

interface Row {
  readonly plural: string;
  readonly short?: readonly string[];
  readonly all?: boolean;
  readonly cluster?: boolean;
  readonly verbs?: readonly Verb[];
  readonly status?: boolean;
  readonly scale?: ScalePaths;
  readonly generation?: boolean;
  readonly fields?: readonly string[];
  readonly subresources?: Resource['subresources'];
  readonly storage?: string;
  readonly conversion?: Conversion;
}

type Rows = Readonly<Record<string, Row>>;

const REPLICAS: ScalePaths = { spec: '.spec.replicas', status: '.status.replicas' };
const NO_COLLECTION_DELETE = ALL_VERBS.filter((verb) => verb !== 'deletecollection');
const CREATE_ONLY: readonly Verb[] = ['create'];
const EVENT_FIELDS = [
  ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((field) => `involvedObject.${field}`),
  'reason',
  'reportingComponent',
  'source',
  'type',
];
const POD_FIELDS = [
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.serviceAccountName',
  'status.phase',
  'status.podIP',
  'status.nominatedNodeName',
];
/** Served so that a client is told it exists; there is no kubelet to ask. */
const POD_SUBRESOURCES: Resource['subresources'] = {
  binding: { kind: 'Binding', verbs: ['create'] },
  eviction: { kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] },
};

const core: Rows = {
  ConfigMap: { plural: 'configmaps', short: ['cm'] },
  Endpoints: { plural: 'endpoints', short: ['ep'] },
  Event: { plural: 'events', short: ['ev'], fields: EVENT_FIELDS },
  LimitRange: { plural: 'limitranges', short: ['limits'] },
  Namespace: {
    plural: 'namespaces',
    short: ['ns'],
    cluster: true,
    status: true,
    verbs: NO_COLLECTION_DELETE,
    fields: ['status.phase'],
    subresources: { finalize: { kind: 'Namespace', verbs: ['update'] } },
  },
  Node: { plural: 'nodes', short: ['no'], cluster: true, status: true, fields: ['spec.unschedulable'] },
  PersistentVolumeClaim: { plural: 'persistentvolumeclaims', short: ['pvc'], status: true },
  PersistentVolume: { plural: 'persistentvolumes', short: ['pv'], cluster: true, status: true },
  Pod: { plural: 'pods', short: ['po'], all: true, status: true, fields: POD_FIELDS, subresources: POD_SUBRESOURCES },
  PodTemplate: { plural: 'podtemplates' },
  ReplicationController: {
    plural: 'replicationcontrollers',
    short: ['rc'],
    all: true,
    status: true,
    scale: REPLICAS,
    generation: true,
    fields: ['status.replicas'],
  },
  ResourceQuota: { plural: 'resourcequotas', short: ['quota'], status: true },
  Secret: { plural: 'secrets', fields: ['type'] },
  ServiceAccount: {
    plural: 'serviceaccounts',
    short: ['sa'],
    subresources: { token: { kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1', verbs: ['create'] } },
  },
  Service: { plural: 'services', short: ['svc'], all: true, status: true, verbs: NO_COLLECTION_DELETE },
};

const apps: Rows = {
  ControllerRevision: { plural: 'controllerrevisions' },
  DaemonSet: { plural: 'daemonsets', short: ['ds'], all: true, status: true, generation: true },
  Deployment: { plural: 'deployments', short: ['deploy'], all: true, status: true, scale: REPLICAS, generation: true },
  ReplicaSet: {
    plural: 'replicasets',
    short: ['rs'],
    all: true,
    status: true,
    scale: REPLICAS,
    generation: true,
    fields: ['status.replicas'],
  },
  StatefulSet: { plural: 'statefulsets', short: ['sts'], all: true, status: true, scale: REPLICAS, generation: true },
};

const batch: Rows = {
  CronJob: { plural: 'cronjobs', short: ['cj'], all: true, status: true, generation: true },
  Job: { plural: 'jobs', all: true, status: true, generation: true, fields: ['status.successful'] },
};

const SCALER: Row = { plural: 'horizontalpodautoscalers', short: ['hpa'], all: true, status: true };

const networking: Rows = {
  IngressClass: { plural: 'ingressclasses', cluster: true, generation: true },
  Ingress: { plural: 'ingresses', short: ['ing'], status: true, generation: true },
  NetworkPolicy: { plural: 'networkpolicies', short: ['netpol'], generation: true },
};

const rbac: Rows = {
  ClusterRoleBinding: { plural: 'clusterrolebindings', cluster: true },
  ClusterRole: { plural: 'clusterroles', cluster: true },
  RoleBinding: { plural: 'rolebindings' },
  Role: { plural: 'roles' },
};

const storage: Rows = {
  CSIDriver: { plural: 'csidrivers', cluster: true },
  CSINode: { plural: 'csinodes', cluster: true },
  StorageClass: { plural: 'storageclasses', short: ['sc'], cluster: true },
  VolumeAttachment: { plural: 'volumeattachments', cluster: true, status: true },
};

const reviews: Rows = {
  LocalSubjectAccessReview: { plural: 'localsubjectaccessreviews', verbs: CREATE_ONLY },
  SelfSubjectAccessReview: { plural: 'selfsubjectaccessreviews', cluster: true, verbs: CREATE_ONLY },
  SelfSubjectRulesReview: { plural: 'selfsubjectrulesreviews', cluster: true, verbs: CREATE_ONLY },
  SubjectAccessReview: { plural: 'subjectaccessreviews', cluster: true, verbs: CREATE_ONLY },
};

const admission: Rows = {
  MutatingWebhookConfiguration: { plural: 'mutatingwebhookconfigurations', cluster: true, generation: true },
  ValidatingWebhookConfiguration: { plural: 'validatingwebhookconfigurations', cluster: true, generation: true },
};

const definitions: Rows = {
  CustomResourceDefinition: { plural: 'customresourcedefinitions', short: ['crd', 'crds'], cluster: true, status: true, generation: true },
};

/** Group/version, the package of its types in the OpenAPI document, and its kinds, in the order of discovery. */
const GROUPS: readonly (readonly [string, string, Rows])[] = [
  ['v1', 'io.k8s.api.core.v1', core],
  [
    'apiregistration.k8s.io/v1',
    'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1',
    { APIService: { plural: 'apiservices', cluster: true, status: true } },
  ],
  ['apps/v1', 'io.k8s.api.apps.v1', apps],
  [
    'events.k8s.io/v1',
    'io.k8s.api.events.v1',
    { Event: { plural: 'events', short: ['ev'], storage: 'events', conversion: eventConversion, fields: EVENT_FIELDS } },
  ],
  [
    'authentication.k8s.io/v1',
    'io.k8s.api.authentication.v1',
    { TokenReview: { plural: 'tokenreviews', cluster: true, verbs: CREATE_ONLY } },
  ],
  ['authorization.k8s.io/v1', 'io.k8s.api.authorization.v1', reviews],
  ['autoscaling/v2', 'io.k8s.api.autoscaling.v2', { HorizontalPodAutoscaler: SCALER }],
  ['autoscaling/v1', 'io.k8s.api.autoscaling.v1', { HorizontalPodAutoscaler: { ...SCALER, conversion: scalerConversion } }],
  ['batch/v1', 'io.k8s.api.batch.v1', batch],
  ['networking.k8s.io/v1', 'io.k8s.api.networking.v1', networking],
  [
    'policy/v1',
    'io.k8s.api.policy.v1',
    { PodDisruptionBudget: { plural: 'poddisruptionbudgets', short: ['pdb'], status: true, generation: true } },
  ],
  ['rbac.authorization.k8s.io/v1', 'io.k8s.api.rbac.v1', rbac],
  ['storage.k8s.io/v1', 'io.k8s.api.storage.v1', storage],
  ['admissionregistration.k8s.io/v1', 'io.k8s.api.admissionregistration.v1', admission],
  ['apiextensions.k8s.io/v1', 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1', definitions],
  ['scheduling.k8s.io/v1', 'io.k8s.api.scheduling.v1', { PriorityClass: { plural: 'priorityclasses', short: ['pc'], cluster: true } }],
  ['coordination.k8s.io/v1', 'io.k8s.api.coordination.v1', { Lease: { plural: 'leases' } }],
  ['node.k8s.io/v1', 'io.k8s.api.node.v1', { RuntimeClass: { plural: 'runtimeclasses', cluster: true } }],
  ['discovery.k8s.io/v1', 'io.k8s.api.discovery.v1', { EndpointSlice: { plural: 'endpointslices' } }],
];

function resource(groupVersion: string, definition: string, [kind, row]: readonly [string, Row]): Resource {
  const [version = '', group = ''] = groupVersion.split('/').toReversed();
  const { plural } = row;
  return {
    group,
    version,
    kind,
    plural,
    singular: kind.toLowerCase(),
    shortNames: row.short ?? [],
    categories: row.all === true ? ['all'] : [],
    namespaced: row.cluster !== true,
    verbs: row.verbs ?? ALL_VERBS,
    status: row.status ?? false,
    scale: row.scale,
    generation: row.generation ?? false,
    fields: row.fields ?? [],
    subresources: row.subresources ?? {},
    definition,
    schema: definitionOf(definition),
    storage: row.storage ?? (group === '' ? plural : `${plural}.${group}`),
    conversion: row.conversion,
    custom: undefined,
  };
}

/** Every resource that the server has before anybody defines one: the one table from which routes, discovery and OpenAPI follow. */
export const builtins: readonly Resource[] = GROUPS.flatMap(([groupVersion, types, rows]) =>
  Object.entries(rows).map((row) => resource(groupVersion, `${types}.${row[0]}`, row)),
);
