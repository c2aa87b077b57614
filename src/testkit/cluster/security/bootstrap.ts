import type { Json, JsonObject, KubeObject } from '../json.ts';

const RBAC = 'rbac.authorization.k8s.io';
const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'];

function rule(apiGroups: readonly string[], resources: readonly string[], verbs: readonly string[]): JsonObject {
  return { verbs: [...verbs], apiGroups: [...apiGroups], resources: [...resources] };
}

function paths(...nonResourceURLs: readonly string[]): JsonObject {
  return { verbs: ['get'], nonResourceURLs: [...nonResourceURLs] };
}

const CORE = [
  'configmaps',
  'endpoints',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'replicationcontrollers/scale',
  'serviceaccounts',
  'services',
];
const CORE_READ = [
  'bindings',
  'events',
  'limitranges',
  'namespaces',
  'namespaces/status',
  'persistentvolumeclaims/status',
  'pods/log',
  'pods/status',
  'replicationcontrollers/status',
  'resourcequotas',
  'resourcequotas/status',
  'services/status',
];
const APPS = ['daemonsets', 'deployments', 'deployments/scale', 'replicasets', 'replicasets/scale', 'statefulsets', 'statefulsets/scale'];

function workloads(verbs: readonly string[]): JsonObject[] {
  return [
    rule([''], CORE, verbs),
    rule(
      ['apps'],
      [
        ...APPS,
        ...(verbs === READ
          ? ['controllerrevisions', 'daemonsets/status', 'deployments/status', 'replicasets/status', 'statefulsets/status']
          : []),
      ],
      verbs,
    ),
    rule(['autoscaling'], ['horizontalpodautoscalers'], verbs),
    rule(['batch'], ['cronjobs', 'jobs'], verbs),
    rule(['policy'], ['poddisruptionbudgets'], verbs),
    rule(['networking.k8s.io'], ['ingresses', 'networkpolicies'], verbs),
  ];
}

const view = [...workloads(READ), rule([''], CORE_READ, READ), rule(['discovery.k8s.io'], ['endpointslices'], READ)];
const edit = [
  ...view,
  ...workloads(WRITE),
  rule([''], ['secrets'], [...READ, ...WRITE]),
  rule([''], ['serviceaccounts'], ['impersonate']),
  rule([''], ['serviceaccounts/token', 'pods/eviction'], ['create']),
  rule([''], ['events'], WRITE),
];
const admin = [
  ...edit,
  rule(['authorization.k8s.io'], ['localsubjectaccessreviews'], ['create']),
  rule([RBAC], ['rolebindings', 'roles'], [...READ, ...WRITE]),
];

/** Name, rules and subjects (groups) of each role that a new cluster has. Roles without groups are there to be bound. */
const ROLES: readonly (readonly [string, readonly JsonObject[], readonly string[]])[] = [
  ['cluster-admin', [rule(['*'], ['*'], ['*']), { verbs: ['*'], nonResourceURLs: ['*'] }], ['system:masters']],
  ['admin', admin, []],
  ['edit', edit, []],
  ['view', view, []],
  [
    'system:discovery',
    [paths('/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez', '/openapi', '/openapi/*', '/readyz', '/version', '/version/')],
    ['system:authenticated'],
  ],
  [
    'system:basic-user',
    [
      rule(['authorization.k8s.io'], ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']),
      rule(['authentication.k8s.io'], ['selfsubjectreviews'], ['create']),
    ],
    ['system:authenticated'],
  ],
  [
    'system:public-info-viewer',
    [paths('/healthz', '/livez', '/readyz', '/version', '/version/')],
    ['system:authenticated', 'system:unauthenticated'],
  ],
  [
    'system:auth-delegator',
    [rule(['authentication.k8s.io'], ['tokenreviews'], ['create']), rule(['authorization.k8s.io'], ['subjectaccessreviews'], ['create'])],
    [],
  ],
  [
    'system:monitoring',
    [paths('/metrics', '/metrics/slis', '/livez', '/readyz', '/healthz', '/livez/*', '/readyz/*', '/healthz/*')],
    ['system:monitoring'],
  ],
];

function object(kind: string, name: string, rest: JsonObject): KubeObject {
  const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
  return { kind, apiVersion: `${RBAC}/v1`, metadata: { name, labels }, ...rest };
}

/** The roles and bindings that every cluster begins with. */
export function bootstrapRoles(): KubeObject[] {
  return ROLES.flatMap(([name, rules, groups]) => {
    const role = object('ClusterRole', name, { rules: [...rules] });
    if (groups.length === 0) return [role];
    const subjects: Json[] = groups.map((group) => ({ kind: 'Group', apiGroup: RBAC, name: group }));
    const roleRef = { apiGroup: RBAC, kind: 'ClusterRole', name };
    return [role, object('ClusterRoleBinding', name, { subjects, roleRef })];
  });
}

/** The namespaces that every cluster begins with. */
export const BOOTSTRAP_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Lets whoever checks requests of the aggregation layer read how: bound by name in kube-system. */
export function authenticationReader(): KubeObject[] {
  const name = 'extension-apiserver-authentication-reader';
  const rules = [{ ...rule([''], ['configmaps'], READ), resourceNames: ['extension-apiserver-authentication'] }];
  const role = object('Role', name, { rules });
  return [{ ...role, metadata: { ...role.metadata, namespace: 'kube-system' } }];
}
