import type { KubeObject } from '../testkit/cluster/index.ts';

const rbac = 'rbac.authorization.k8s.io';
const read = ['get', 'list', 'watch'];

interface Rule {
  readonly groups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly names?: readonly string[];
}

/** What the Helm chart lets the agent do in the whole cluster, and not a verb more. */
const clusterRules = (name: string): readonly Rule[] => [
  { groups: [''], resources: ['services', 'endpoints', 'pods', 'nodes', 'namespaces', 'componentstatuses', 'limitranges'], verbs: read },
  { groups: [''], resources: ['events'], verbs: [...read, 'create'] },
  { groups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
  { groups: ['quota.openshift.io'], resources: ['clusterresourcequotas'], verbs: ['get', 'list'] },
  { groups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list', 'watch'] },
  {
    groups: [''],
    resources: ['configmaps'],
    verbs: ['get', 'update'],
    names: ['datadogtoken', `${name}-leader-election`, 'datadog-leader-election', 'datadog-custom-metrics', 'datadog-cluster-id'],
  },
  { groups: [''], resources: ['configmaps'], verbs: ['create'] },
  { groups: [''], resources: ['configmaps'], verbs: read, names: ['extension-apiserver-authentication'] },
  {
    groups: ['coordination.k8s.io'],
    resources: ['leases'],
    verbs: ['get', 'update'],
    names: [`${name}-leader-election`, 'datadog-leader-election'],
  },
  { groups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  { groups: [''], resources: ['persistentvolumes', 'persistentvolumeclaims', 'serviceaccounts'], verbs: read },
  { groups: ['apps'], resources: ['deployments', 'replicasets', 'daemonsets', 'statefulsets'], verbs: read },
  { groups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: read },
  { groups: ['networking.k8s.io'], resources: ['ingresses', 'networkpolicies'], verbs: read },
  { groups: [rbac], resources: ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'], verbs: read },
  { groups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: read },
  { groups: ['autoscaling.k8s.io'], resources: ['verticalpodautoscalers'], verbs: read },
  { groups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: read },
  { groups: ['datadoghq.com'], resources: ['watermarkpodautoscalers'], verbs: read },
  { groups: ['datadoghq.com'], resources: ['datadogmetrics'], verbs: ['list', 'watch', 'create', 'delete'] },
  { groups: ['datadoghq.com'], resources: ['datadogmetrics/status'], verbs: ['update'] },
  {
    groups: ['admissionregistration.k8s.io'],
    resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
    verbs: [...read, 'update', 'delete'],
    names: ['datadog-webhook'],
  },
  {
    groups: ['admissionregistration.k8s.io'],
    resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
    verbs: ['create'],
  },
];

/** In the agent's own namespace: the webhook's certificate. */
const namespaceRules: readonly Rule[] = [{ groups: [''], resources: ['secrets'], verbs: [...read, 'update', 'create'] }];

/** Who the agent is in a cluster, and what it may do there: `examples/kubernetes/rbac.yaml`, as values. */
export function rbacOf({ release, namespace }: { readonly release: string; readonly namespace: string }): readonly KubeObject[] {
  const name = `${release}-cluster-agent`;
  const subjects = [{ kind: 'ServiceAccount', name, namespace }];
  const bound = (kind: string, role: string) => ({ roleRef: { apiGroup: rbac, kind, name: role }, subjects });
  const paths = { nonResourceURLs: ['/version', '/healthz', '/metrics'], verbs: ['get'] };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
    object('ClusterRole', { name }, { rules: [...clusterRules(release).map(ruleOf), paths] }),
    object('ClusterRoleBinding', { name }, bound('ClusterRole', name)),
    // Whoever reads external metrics is asked about at the API server: TokenReview and SubjectAccessReview.
    object('ClusterRoleBinding', { name: `${name}-auth-delegator` }, bound('ClusterRole', 'system:auth-delegator')),
    object('Role', { name: `${name}-main`, namespace }, { rules: namespaceRules.map(ruleOf) }),
    object('RoleBinding', { name: `${name}-main`, namespace }, bound('Role', `${name}-main`)),
  ];
}

function object(kind: string, metadata: KubeObject['metadata'], rest: object): KubeObject {
  return { apiVersion: `${rbac}/v1`, kind, metadata, ...rest };
}

function ruleOf({ groups, resources, names, verbs }: Rule): object {
  return { apiGroups: groups, resources, ...(names === undefined ? {} : { resourceNames: names }), verbs };
}
