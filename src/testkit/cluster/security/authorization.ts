import { type Json, type JsonObject, type KubeObject, arrayAt, isObject, textAt, textsAt } from '../json.ts';
import { StatusError } from '../status.ts';
import type { User } from './user.ts';

/** What somebody wants to do. */
export interface Attributes {
  readonly verb: string;
  readonly isResource: boolean;
  readonly path: string;
  readonly group: string;
  readonly plural: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** One rule of a role, with the scope in which its binding grants it. */
export interface GrantedRule {
  readonly rule: JsonObject;
  /** The namespace; `''` for the whole cluster. */
  readonly namespace: string;
}

/** Where the authorizer reads roles and bindings. */
export interface RbacSource {
  list(plural: string, namespace?: string): Iterable<KubeObject>;
  get(plural: string, namespace: string, name: string): KubeObject | undefined;
}

const MASTERS = 'system:masters';

/** Decides by the RBAC objects of the cluster; members of system:masters may do everything. */
export class Authorizer {
  readonly #source: RbacSource;

  constructor(source: RbacSource) {
    this.#source = source;
  }

  /** Whether `user` may do what `attributes` say. */
  allows(user: User, attributes: Attributes): boolean {
    if (user.groups.includes(MASTERS)) return true;
    for (const granted of this.rulesOf(user, attributes.namespace)) {
      if (granted.namespace !== '' && !attributes.isResource) continue;
      if (ruleAllows(granted.rule, attributes)) return true;
    }
    return false;
  }

  /** Every rule that `user` holds in `namespace` and in the whole cluster. */
  *rulesOf(user: User, namespace: string): Generator<GrantedRule> {
    for (const binding of this.#source.list('clusterrolebindings')) {
      if (!binds(binding, user)) continue;
      for (const rule of this.#rules(binding, '')) yield { rule, namespace: '' };
    }
    if (namespace === '') return;
    for (const binding of this.#source.list('rolebindings', namespace)) {
      if (!binds(binding, user)) continue;
      for (const rule of this.#rules(binding, namespace)) yield { rule, namespace };
    }
  }

  #rules(binding: KubeObject, namespace: string): JsonObject[] {
    const name = textAt(binding, 'roleRef', 'name');
    const ofCluster = textAt(binding, 'roleRef', 'kind') === 'ClusterRole';
    const role = ofCluster ? this.#source.get('clusterroles', '', name) : this.#source.get('roles', namespace, name);
    return arrayAt(role, 'rules').filter(isObject);
  }
}

function binds(binding: KubeObject, user: User): boolean {
  return arrayAt(binding, 'subjects').some((subject) => isSubject(subject, user, binding.metadata.namespace ?? ''));
}

function isSubject(subject: Json, user: User, bindingNamespace: string): boolean {
  const name = textAt(subject, 'name');
  switch (textAt(subject, 'kind')) {
    case 'User':
      return user.name === name;
    case 'Group':
      return user.groups.includes(name);
    case 'ServiceAccount':
      return user.name === `system:serviceaccount:${textAt(subject, 'namespace') || bindingNamespace}:${name}`;
    default:
      return false;
  }
}

function ruleAllows(rule: JsonObject, attributes: Attributes): boolean {
  if (!includes(textsAt(rule, 'verbs'), attributes.verb)) return false;
  if (!attributes.isResource) return textsAt(rule, 'nonResourceURLs').some((pattern) => pathMatches(pattern, attributes.path));
  if (!includes(textsAt(rule, 'apiGroups'), attributes.group)) return false;
  if (!textsAt(rule, 'resources').some((pattern) => resourceMatches(pattern, attributes))) return false;
  const names = textsAt(rule, 'resourceNames');
  return names.length === 0 || names.includes(attributes.name);
}

function includes(allowed: readonly string[], wanted: string): boolean {
  return allowed.includes('*') || allowed.includes(wanted);
}

function pathMatches(pattern: string, path: string): boolean {
  return pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)));
}

function resourceMatches(pattern: string, { plural, subresource }: Attributes): boolean {
  const whole = subresource === '' ? plural : `${plural}/${subresource}`;
  return pattern === '*' || pattern === whole || (subresource !== '' && pattern === `*/${subresource}`);
}

/** The 403 for what was refused, in the real server's words. */
export function forbidden(user: User, attributes: Attributes): StatusError {
  const { group, plural, name, isResource } = attributes;
  const who = `User ${JSON.stringify(user.name)} cannot ${attributes.verb}`;
  if (!isResource) {
    const message = `forbidden: ${who} path ${JSON.stringify(attributes.path)}`;
    return new StatusError({ code: 403, reason: 'Forbidden', message, details: {} });
  }
  const qualified = group === '' ? plural : `${plural}.${group}`;
  const subject = name === '' ? `${qualified} is forbidden` : `${qualified} ${JSON.stringify(name)} is forbidden`;
  const what = attributes.subresource === '' ? plural : `${plural}/${attributes.subresource}`;
  const where = attributes.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(attributes.namespace)}`;
  return new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: `${subject}: ${who} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`,
    details: { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: plural },
  });
}
