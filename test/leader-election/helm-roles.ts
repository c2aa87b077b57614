import type { KubeObject } from '../../src/testkit/cluster/index.ts';

const core = '';
const coordination = 'coordination.k8s.io';

type Rule = { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] };

/** What the Helm chart lets the agent do with the objects of this suite, and no more: no list or watch of locks, no patch of events. */
const inItsNamespace: Rule[] = [
  { apiGroups: [core], resources: ['configmaps'], resourceNames: ['lock', 'datadog-cluster-id'], verbs: ['get', 'update'] },
  { apiGroups: [core], resources: ['configmaps'], verbs: ['create'] },
  { apiGroups: [coordination], resources: ['leases'], resourceNames: ['lock'], verbs: ['get', 'update'] },
  { apiGroups: [coordination], resources: ['leases'], verbs: ['create'] },
];
const everywhere: Rule[] = [
  { apiGroups: [core], resources: ['endpoints', 'pods', 'nodes', 'services', 'namespaces'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [core], resources: ['events'], verbs: ['get', 'list', 'watch', 'create'] },
];

/** The chart's roles, bound to users. */
export function helmRoles(users: readonly string[], namespace = 'default'): KubeObject[] {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const role = (kind: string, rules: Rule[], metadata: { namespace?: string }): KubeObject[] => [
    { apiVersion, kind, metadata: { name: 'agent', ...metadata }, rules },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata: { name: 'agent', ...metadata },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: 'agent' },
      subjects: users.map((name) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name })),
    },
  ];
  return [...role('ClusterRole', everywhere, {}), ...role('Role', inItsNamespace, { namespace })];
}
