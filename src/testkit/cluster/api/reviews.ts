import { type Json, type JsonObject, type KubeObject, arrayAt, at, isObject, numberAt, objectAt, textAt, textsAt } from '../json.ts';
import type { Authenticator } from '../security/authentication.ts';
import type { Attributes, Authorizer } from '../security/authorization.ts';
import { API_AUDIENCE, type TokenIssuer } from '../security/tokens.ts';
import type { User } from '../security/user.ts';
import { badRequest, invalid, invalidValue, notFound } from '../status.ts';
import type { Clock } from '../clock.ts';
import { timestamp } from '../clock.ts';
import { decodeObject } from './decode.ts';
import type { ApiRequest } from './request.ts';

/** What answering reviews needs. */
export interface ReviewParts {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly issuer: TokenIssuer;
  readonly clock: Clock;
  readonly account: (namespace: string, name: string) => KubeObject | undefined;
}

/** Answers a review, a resource that is created and never stored; undefined where the resource is none. */
export function review(request: ApiRequest, body: Json, parts: ReviewParts): JsonObject | undefined {
  const answers: Readonly<Record<string, (sent: KubeObject) => JsonObject>> = {
    TokenReview: (sent) => tokenReview(sent, parts.authenticator),
    SubjectAccessReview: (sent) => accessReview(sent, subjectOf(sent), parts.authorizer),
    LocalSubjectAccessReview: (sent) => accessReview(sent, subjectOf(sent), parts.authorizer),
    SelfSubjectAccessReview: (sent) => accessReview(sent, request.user, parts.authorizer),
    SelfSubjectRulesReview: (sent) => rulesReview(textAt(sent, 'spec', 'namespace'), request.user, parts.authorizer),
  };
  const answer = answers[request.resource.kind];
  if (answer === undefined) return undefined;
  const sent = decodeObject(request, body);
  return { ...sent, status: answer(sent) };
}

function tokenReview(sent: KubeObject, authenticator: Authenticator): JsonObject {
  const token = textAt(sent, 'spec', 'token');
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  const identity = authenticator.identify(token);
  const wanted = textsAt(sent, 'spec', 'audiences');
  const audiences =
    identity?.audiences.filter((audience) => (wanted.length === 0 ? audience === API_AUDIENCE : wanted.includes(audience))) ?? [];
  if (identity === undefined || audiences.length === 0) return { user: {}, error: '[invalid bearer token, token lookup failed]' };
  return { authenticated: true, user: userJson(identity.user), audiences };
}

function userJson({ name, uid, groups, extra }: User): JsonObject {
  const more =
    extra === undefined
      ? {}
      : { extra: Object.fromEntries(Object.entries(extra).map(([key, values]): [string, Json] => [key, [...values]])) };
  return { username: name, ...(uid === undefined ? {} : { uid }), groups: [...groups], ...more };
}

function subjectOf(sent: KubeObject): User {
  return { name: textAt(sent, 'spec', 'user'), uid: textAt(sent, 'spec', 'uid'), groups: textsAt(sent, 'spec', 'groups') };
}

function accessReview(sent: KubeObject, user: User, authorizer: Authorizer): JsonObject {
  const resource = at(sent, 'spec', 'resourceAttributes');
  const path = at(sent, 'spec', 'nonResourceAttributes');
  if ((resource === undefined) === (path === undefined)) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    throw invalid({ group: 'authorization.k8s.io', kind: sent.kind }, '', [invalidValue('spec.resourceAttributes', resource ?? null, why)]);
  }
  const attributes: Attributes = {
    isResource: resource !== undefined,
    verb: textAt(resource ?? path, 'verb'),
    path: textAt(path, 'path'),
    group: textAt(resource, 'group'),
    plural: textAt(resource, 'resource'),
    subresource: textAt(resource, 'subresource'),
    namespace: textAt(resource, 'namespace'),
    name: textAt(resource, 'name'),
  };
  return authorizer.allows(user, attributes) ? { allowed: true, reason: 'RBAC: allowed by a binding' } : { allowed: false };
}

function rulesReview(namespace: string, user: User, authorizer: Authorizer): JsonObject {
  const all: JsonObject[] = user.groups.includes('system:masters')
    ? [
        { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
        { verbs: ['*'], nonResourceURLs: ['*'] },
      ]
    : [...authorizer.rulesOf(user, namespace)].map(({ rule }) => rule);
  const having = (field: string): JsonObject[] => all.filter((rule) => arrayAt(rule, field).length > 0);
  return {
    resourceRules: having('resources').map((rule) => picked(rule, ['verbs', 'apiGroups', 'resources', 'resourceNames'])),
    nonResourceRules: having('nonResourceURLs').map((rule) => picked(rule, ['verbs', 'nonResourceURLs'])),
    incomplete: false,
  };
}

function picked(rule: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(fields.flatMap((field) => (rule[field] === undefined ? [] : [[field, rule[field]]])));
}

const HOUR_S = 3600;
const SHORTEST_S = 600;

/** The token subresource of a service account: a new token for it. Throws 404 where there is no such account. */
export function requestToken(request: ApiRequest, body: Json, parts: ReviewParts): JsonObject {
  const { namespace, name } = request.info;
  const account = parts.account(namespace, name);
  if (account === undefined) throw notFound(request.resource, name);
  if (!isObject(body)) throw badRequest('the object provided is unrecognized (must be of type TokenRequest)');
  const seconds = numberAt(body, 'spec', 'expirationSeconds') ?? HOUR_S;
  if (seconds < SHORTEST_S) {
    const why = 'may not specify a duration less than 10 minutes';
    throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, name, [invalidValue('spec.expirationSeconds', seconds, why)]);
  }
  const named = textsAt(body, 'spec', 'audiences');
  const audiences = named.length === 0 ? [API_AUDIENCE] : named;
  const expiresAt = parts.clock.now() + seconds * 1000;
  const token = parts.issuer.issue({ namespace, account: name, uid: account.metadata.uid ?? '', audiences, expiresAt });
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: timestamp(parts.clock.now()) },
    spec: { ...objectAt(body, 'spec'), audiences, expirationSeconds: seconds },
    status: { token, expirationTimestamp: timestamp(expiresAt) },
  };
}
