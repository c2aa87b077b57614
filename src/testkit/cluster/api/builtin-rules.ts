import {
  type Json,
  type JsonObject,
  type KubeObject,
  arrayAt,
  at,
  equal,
  isObject,
  numberAt,
  objectAt,
  textAt,
  textMapAt,
} from '../json.ts';
import type { Resource } from '../resources/resource.ts';
import { crdErrors } from '../resources/custom.ts';
import { resolve } from '../schema/definitions.ts';
import type { Schema } from '../schema/schema.ts';
import { fieldSchema, itemSchema } from '../patch/lists.ts';
import { labelSelectorOf } from '../selectors.ts';
import { type FieldError, invalidValue, requiredValue } from '../status.ts';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const LABEL_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** What is wrong with the metadata of an object of any kind. */
export function metadataErrors(object: KubeObject, resource: Resource): FieldError[] {
  const { name = '', labels = {} } = object.metadata;
  const errors: FieldError[] = [];
  if (name === '') return [requiredValue('metadata.name', 'name or generateName is required')];
  // RBAC names are path segments only; they may hold colons.
  if (resource.group === 'rbac.authorization.k8s.io') {
    if (/[/%]/.test(name)) errors.push(invalidValue('metadata.name', name, "may not contain '/'"));
  } else if (!SUBDOMAIN.test(name) || name.length > 253) {
    errors.push(invalidValue('metadata.name', name, SUBDOMAIN_RULE));
  }
  return [...errors, ...labelErrors(labels)];
}

function labelErrors(labels: Record<string, string>): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels)) {
    const keyName = key.slice(key.indexOf('/') + 1);
    if (!LABEL_NAME.test(keyName) || keyName.length > 63)
      errors.push(invalidValue('metadata.labels', key, 'name part must consist of alphanumeric characters'));
    if (!LABEL_VALUE.test(value) || value.length > 63) errors.push(invalidValue('metadata.labels', value, LABEL_RULE));
  }
  return errors;
}

type Rule = (object: KubeObject, spec: JsonObject) => FieldError[];

/** What is wrong with an object of a built-in kind: the rules that a client is likely to meet, not all that the real server has. */
export function builtinErrors(object: KubeObject, { group, kind, schema }: Resource): FieldError[] {
  const spec = objectAt(object, 'spec');
  const missing = object['spec'] === undefined ? [] : requiredErrors(spec, fieldSchema(schema, 'spec'), 'spec');
  return [...missing, ...(RULES[group === '' ? kind : `${kind}.${group}`]?.(object, spec) ?? [])];
}

/** A number or a boolean that is missing reads as zero or false, so only text, lists and objects are truly required. */
function requiredErrors(value: Json, schema: Schema, path: string): FieldError[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => requiredErrors(item, itemSchema(schema), `${path}[${index}]`));
  if (!isObject(value)) return [];
  const found = resolve(schema);
  const missing = (found.required ?? [])
    .filter((key) => !Object.hasOwn(value, key) && !['integer', 'boolean', 'number'].includes(resolve(fieldSchema(found, key)).type ?? ''))
    .map((key) => requiredValue(`${path}.${key}`));
  return [...missing, ...Object.entries(value).flatMap(([key, item]) => requiredErrors(item, fieldSchema(found, key), `${path}.${key}`))];
}

const selectsTemplate: Rule = (_, spec) => {
  const selector = objectAt(spec, 'selector');
  if (spec['selector'] === undefined || spec['template'] === undefined) return [];
  const labels = textMapAt(spec, 'template', 'metadata', 'labels');
  if (labelSelectorOf(selector)(labels)) return [];
  return [invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')];
};

const notNegative: Rule = (_, spec) => {
  const replicas = numberAt(spec, 'replicas') ?? 0;
  return replicas < 0 ? [invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0')] : [];
};

const workload: Rule = (object, spec) => [...notNegative(object, spec), ...selectsTemplate(object, spec)];

const scaler: Rule = (_, spec) => {
  const maximum = numberAt(spec, 'maxReplicas') ?? 0;
  const minimum = numberAt(spec, 'minReplicas') ?? 1;
  if (maximum < 1) return [invalidValue('spec.maxReplicas', maximum, 'must be greater than 0')];
  return maximum < minimum ? [invalidValue('spec.maxReplicas', maximum, 'must be greater than or equal to `minReplicas`')] : [];
};

const event: Rule = (object) => {
  const namespace = textAt(object, 'involvedObject', 'namespace');
  const own = object.metadata.namespace ?? '';
  const matches = namespace === own || (namespace === '' && ['default', 'kube-system'].includes(own));
  return matches ? [] : [invalidValue('involvedObject.namespace', namespace, 'does not match event.namespace')];
};

const keysOfData: Rule = (object) =>
  [...Object.keys(objectAt(object, 'data')), ...Object.keys(objectAt(object, 'binaryData'))]
    .filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key))
    .map((key) =>
      invalidValue(
        `data[${key}]`,
        key,
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ),
    );

const pod: Rule = (_, spec) => {
  if (arrayAt(spec, 'containers').length === 0) return [requiredValue('spec.containers')];
  return arrayAt(spec, 'containers').flatMap((container, index) =>
    textAt(container, 'image') === '' ? [requiredValue(`spec.containers[${index}].image`)] : [],
  );
};

const RULES: Readonly<Record<string, Rule>> = {
  Pod: pod,
  ConfigMap: keysOfData,
  Secret: keysOfData,
  Event: event,
  ReplicationController: notNegative,
  'Deployment.apps': workload,
  'ReplicaSet.apps': workload,
  'StatefulSet.apps': workload,
  'DaemonSet.apps': selectsTemplate,
  'HorizontalPodAutoscaler.autoscaling': scaler,
  'CustomResourceDefinition.apiextensions.k8s.io': crdErrors,
  'Lease.coordination.k8s.io': (_, spec) => {
    const seconds = numberAt(spec, 'leaseDurationSeconds');
    return seconds !== undefined && seconds <= 0 ? [invalidValue('spec.leaseDurationSeconds', seconds, 'must be greater than 0')] : [];
  },
};

/** Fields that cannot change once they are set: dotted paths for each kind. */
const IMMUTABLE: Readonly<Record<string, readonly string[]>> = {
  Secret: ['type'],
  Service: ['spec.clusterIP'],
  'Deployment.apps': ['spec.selector'],
  'ReplicaSet.apps': ['spec.selector'],
  'DaemonSet.apps': ['spec.selector'],
  'Job.batch': ['spec.selector', 'spec.template', 'spec.completions'],
  'CustomResourceDefinition.apiextensions.k8s.io': ['spec.scope', 'spec.group', 'spec.names.plural'],
};

/** What is wrong with the step from `before` to `after`. */
export function transitionErrors(before: KubeObject, after: KubeObject, { group, kind }: Resource): FieldError[] {
  const name = group === '' ? kind : `${kind}.${group}`;
  const frozen = (IMMUTABLE[name] ?? []).flatMap((path) => {
    const [old, next] = [at(before, ...path.split('.')), at(after, ...path.split('.'))];
    const emptied = name === 'Service' && (old === undefined || textAt(after, 'spec', 'type') === 'ExternalName');
    return equal(old, next) || emptied ? [] : [invalidValue(path, next ?? null, 'field is immutable')];
  });
  if (name === 'Pod') return podChanges(before, after);
  if (name.endsWith('RoleBinding.rbac.authorization.k8s.io') && !equal(before['roleRef'], after['roleRef'])) {
    return [invalidValue('roleRef', after['roleRef'] ?? null, 'cannot change roleRef')];
  }
  if (before['immutable'] === true && !(equal(before['data'], after['data']) && after['immutable'] === true)) {
    return [{ reason: 'FieldValueForbidden', field: 'data', message: 'Forbidden: field is immutable when `immutable` is set' }];
  }
  return frozen;
}

const POD_RULE =
  'Forbidden: pod updates may not change fields other than `spec.containers[*].image`, `spec.initContainers[*].image`, `spec.activeDeadlineSeconds` or `spec.tolerations` (only additions to existing tolerations)';

function podChanges(before: KubeObject, after: KubeObject): FieldError[] {
  return equal(fixed(before), fixed(after)) ? [] : [{ reason: 'FieldValueForbidden', field: 'spec', message: POD_RULE }];
}

/** The part of a pod's spec that never changes. */
function fixed(subject: KubeObject): JsonObject {
  const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, ...spec } = objectAt(subject, 'spec');
  const stripped = (list: string): Json[] => arrayAt(spec, list).map((container) => ({ ...objectAt(container), image: '' }));
  return { ...spec, containers: stripped('containers'), initContainers: stripped('initContainers') };
}
