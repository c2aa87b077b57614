import { randomUUID } from 'node:crypto';
import { type Json, type JsonObject, type KubeObject, at, isObject, numberAt, objectAt, textAt, textsAt } from '../json.ts';
import { send, textOf } from '../http/outgoing.ts';
import type { ServiceResolver } from '../http/service-endpoint.ts';
import { jsonPatch } from '../patch/json-patch.ts';
import { isKubeObject } from '../resources/conversions.ts';
import { labelSelectorOf } from '../selectors.ts';
import { StatusError } from '../status.ts';
import type { Store } from '../storage/store.ts';
import type { Admission, AdmissionAttributes } from './admission.ts';
import { items } from './pod-defaults.ts';
import { labelsOf } from './prepare.ts';

const GROUP = 'admissionregistration.k8s.io';

/** Calls the webhooks that the cluster's configurations name. */
export class WebhookAdmission implements Admission {
  readonly #store: Store;
  readonly #services: ServiceResolver;

  constructor(store: Store, services: ServiceResolver) {
    this.#store = store;
    this.#services = services;
  }

  async mutate(attributes: AdmissionAttributes): Promise<KubeObject | undefined> {
    let { object } = attributes;
    for (const webhook of this.#matching(`mutatingwebhookconfigurations.${GROUP}`, attributes)) {
      const response = await this.#call(webhook, { ...attributes, object });
      const patch = textAt(response, 'patch');
      if (patch === '' || object === undefined) continue;
      const patched = jsonPatch(object, JSON.parse(Buffer.from(patch, 'base64').toString()));
      if (isKubeObject(patched)) object = patched;
    }
    return object;
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const webhooks = this.#matching(`validatingwebhookconfigurations.${GROUP}`, attributes);
    await Promise.all(webhooks.map((webhook) => this.#call(webhook, attributes)));
  }

  #matching(bucket: string, attributes: AdmissionAttributes): JsonObject[] {
    // Webhooks never see their own configuration: a bad one could not be removed any more.
    if (attributes.resource.group === GROUP) return [];
    const configurations = [...this.#store.bucket(bucket).list()];
    return configurations.flatMap(({ object }) => items(object, 'webhooks')).filter((webhook) => this.#concerns(webhook, attributes));
  }

  #concerns(webhook: JsonObject, attributes: AdmissionAttributes): boolean {
    if (!items(webhook, 'rules').some((rule) => ruleMatches(rule, attributes))) return false;
    const object = attributes.object ?? attributes.oldObject;
    if (object === undefined || !labelSelectorOf(objectAt(webhook, 'objectSelector'))(labelsOf(object))) return false;
    const namespace =
      attributes.resource.storage === 'namespaces' ? object : this.#store.bucket('namespaces').get(attributes.namespace)?.object;
    return namespace === undefined || labelSelectorOf(objectAt(webhook, 'namespaceSelector'))(labelsOf(namespace));
  }

  /** The response of one webhook. Throws where it refuses, or fails and its policy is Fail. */
  async #call(webhook: JsonObject, attributes: AdmissionAttributes): Promise<JsonObject> {
    const name = textAt(webhook, 'name');
    let response: JsonObject;
    try {
      response = await this.#ask(webhook, reviewOf(attributes));
    } catch (error) {
      if (textAt(webhook, 'failurePolicy') === 'Ignore') return {};
      const why = error instanceof Error ? error.message : String(error);
      throw new StatusError({
        code: 500,
        reason: 'InternalError',
        message: `Internal error occurred: failed calling webhook ${JSON.stringify(name)}: ${why}`,
      });
    }
    if (response['allowed'] === true) return response;
    throw refusal(name, objectAt(response, 'status'));
  }

  async #ask(webhook: JsonObject, review: JsonObject): Promise<JsonObject> {
    const client = objectAt(webhook, 'clientConfig');
    const bundle = textAt(client, 'caBundle');
    const answer = await send({
      url: this.#urlOf(client),
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify(review),
      timeoutMs: (numberAt(webhook, 'timeoutSeconds') ?? 10) * 1000,
      ...(bundle === '' ? {} : { ca: Buffer.from(bundle, 'base64').toString() }),
      ...serverNameOf(client),
    });
    const text = await textOf(answer);
    if (answer.statusCode !== 200) throw new Error(`the server answered ${answer.statusCode ?? 0}: ${text.slice(0, 200)}`);
    const parsed: Json = JSON.parse(text);
    const response = at(parsed, 'response');
    if (!isObject(response) || textAt(response, 'uid') !== textAt(review, 'request', 'uid'))
      throw new Error('the answer is no response to this review');
    return response;
  }

  #urlOf(client: JsonObject): string {
    const url = textAt(client, 'url');
    if (url !== '') return url;
    const service = {
      namespace: textAt(client, 'service', 'namespace'),
      name: textAt(client, 'service', 'name'),
      port: numberAt(client, 'service', 'port') ?? 443,
    };
    const base = this.#services.resolve(service);
    if (base === undefined) throw new Error(`no endpoints available for service "${service.name}"`);
    return base + textAt(client, 'service', 'path');
  }
}

/** A webhook behind a service has a certificate for the service's name, wherever it is reached. */
function serverNameOf(client: JsonObject): { serverName?: string } {
  const name = textAt(client, 'service', 'name');
  return name === '' ? {} : { serverName: `${name}.${textAt(client, 'service', 'namespace')}.svc` };
}

function ruleMatches(rule: JsonObject, { operation, resource, subresource }: AdmissionAttributes): boolean {
  const has = (field: string, value: string): boolean => [value, '*'].some((accepted) => textsAt(rule, field).includes(accepted));
  const names =
    subresource === '' ? [resource.plural, '*'] : [`${resource.plural}/${subresource}`, `*/${subresource}`, `${resource.plural}/*`];
  const scope = textAt(rule, 'scope');
  const inScope = scope === '' || scope === '*' || (scope === 'Namespaced') === resource.namespaced;
  const named = textsAt(rule, 'resources').some((wanted) => names.includes(wanted) || wanted === '*/*');
  return has('operations', operation) && has('apiGroups', resource.group) && has('apiVersions', resource.version) && named && inScope;
}

function reviewOf(attributes: AdmissionAttributes): JsonObject {
  const { resource, subresource, namespace, name, user, operation, dryRun, object, oldObject } = attributes;
  const { group, version, kind, plural } = resource;
  const what = { kind: { group, version, kind }, resource: { group, version, resource: plural } };
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: randomUUID(),
      ...what,
      requestKind: what.kind,
      requestResource: what.resource,
      ...(subresource === '' ? {} : { subResource: subresource, requestSubResource: subresource }),
      ...(name === '' ? {} : { name }),
      ...(namespace === '' ? {} : { namespace }),
      operation,
      userInfo: { username: user.name, groups: [...user.groups], ...(user.uid === undefined ? {} : { uid: user.uid }) },
      object: object ?? null,
      oldObject: oldObject ?? null,
      dryRun,
      options: { kind: `${operation[0] ?? ''}${operation.slice(1).toLowerCase()}Options`, apiVersion: 'meta.k8s.io/v1' },
    },
  };
}

function refusal(webhook: string, status: JsonObject): StatusError {
  const message = textAt(status, 'message');
  const reason = textAt(status, 'reason');
  const denied = `admission webhook ${JSON.stringify(webhook)} denied the request`;
  const why = message === '' ? reason : message;
  return new StatusError({
    code: numberAt(status, 'code') ?? 403,
    reason: reason === '' ? 'Forbidden' : reason,
    message: why === '' ? `${denied} without explanation` : `${denied}: ${why}`,
  });
}
