import type { KubeObject } from '../../src/testkit/cluster/index.ts';

const rbac = 'rbac.authorization.k8s.io';
const apiVersion = `${rbac}/v1`;

type Rule = { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] };

interface Subject {
  readonly kind: 'User' | 'ServiceAccount';
  readonly name: string;
  readonly namespace?: string;
}

/** What the Helm chart lets the agent do for external metrics, and no more: neither get, patch nor update of a DatadogMetric. */
const everywhere: Rule[] = [
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list', 'watch'] },
  { apiGroups: ['datadoghq.com'], resources: ['datadogmetrics'], verbs: ['list', 'watch', 'create', 'delete'] },
  { apiGroups: ['datadoghq.com'], resources: ['datadogmetrics/status'], verbs: ['update'] },
  { apiGroups: [''], resources: ['configmaps'], resourceNames: ['extension-apiserver-authentication'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['configmaps'], resourceNames: ['datadog-leader-election'], verbs: ['get', 'update'] },
  { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] },
];

const reading: Rule[] = [{ apiGroups: ['external.metrics.k8s.io'], resources: ['*'], verbs: ['list', 'get', 'watch'] }];

export const user = (name: string): Subject => ({ kind: 'User', name });
export const account = (namespace: string, name: string): Subject => ({ kind: 'ServiceAccount', namespace, name });

/** The chart's roles for the agent, bound to users that agents run as. */
export function agentRoles(users: readonly string[]): readonly KubeObject[] {
  const subjects = users.map(user);
  return [...granted('agent', everywhere, subjects), binding('agent:system:auth-delegator', 'system:auth-delegator', subjects)];
}

/** The chart's role for whoever reads external metrics. */
export function readerRoles(...subjects: readonly Subject[]): readonly KubeObject[] {
  return granted('external-metrics-reader', reading, subjects);
}

/** Binds that role in one namespace alone. */
export function namespaceReader(namespace: string, ...subjects: readonly Subject[]): KubeObject {
  const role = 'external-metrics-reader';
  return { ...binding(role, role, subjects), kind: 'RoleBinding', metadata: { name: role, namespace } };
}

function granted(name: string, rules: Rule[], subjects: readonly Subject[]): readonly KubeObject[] {
  return [{ apiVersion, kind: 'ClusterRole', metadata: { name }, rules }, binding(name, name, subjects)];
}

function binding(name: string, role: string, subjects: readonly Subject[]): KubeObject {
  const bound = subjects.map((each) => (each.kind === 'User' ? { ...each, apiGroup: rbac } : { ...each }));
  return {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
    subjects: bound,
  };
}
