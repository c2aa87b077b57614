import { type KubeObject, at } from './json.ts';
import type { JsonObject } from './json.ts';
import { arrayAt, textAt, textMapAt, textsAt } from './json.ts';
import type { Resource } from './resources/resource.ts';
import { badRequest } from './status.ts';

/** Says whether an object is selected. */
export type Selector = (object: KubeObject) => boolean;

type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

const SET_BASED = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/;
const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** Reads a label selector as it stands in a query, equality- and set-based. Throws a 400 where it cannot be read. */
export function parseLabelSelector(text: string): (labels: Labels) => boolean {
  const requirements = splitOutsideParentheses(text).map(requirement);
  return (labels) => requirements.every((holds) => holds(labels));
}

function splitOutsideParentheses(text: string): string[] {
  return (
    text
      .match(/(?:[^,(]|\([^)]*\))+/g)
      ?.map((part) => part.trim())
      .filter((part) => part !== '') ?? []
  );
}

function requirement(text: string): Requirement {
  const set = SET_BASED.exec(text);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return inOrNot(checkedKey(key, text), operator === 'in', values);
  }
  if (text.startsWith('!')) {
    const key = checkedKey(text.slice(1).trim(), text);
    return (labels) => !Object.hasOwn(labels, key);
  }
  const [, left = '', operator = '', right = ''] = /^([^=!<>]*?)\s*(==|=|!=|>|<|$)\s*(.*)$/.exec(text) ?? [];
  const key = checkedKey(left.trim(), text);
  if (operator === '') return (labels) => Object.hasOwn(labels, key);
  if (operator === '>') return (labels) => Number(labels[key]) > Number(right);
  if (operator === '<') return (labels) => Number(labels[key]) < Number(right);
  return inOrNot(key, operator !== '!=', [right.trim()]);
}

function inOrNot(key: string, wanted: boolean, values: readonly string[]): Requirement {
  return (labels) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    return wanted === (value !== undefined && values.includes(value));
  };
}

function checkedKey(key: string, whole: string): string {
  if (LABEL_KEY.test(key)) return key;
  throw badRequest(`unable to parse requirement: invalid label key ${JSON.stringify(key === '' ? whole : key)}`);
}

/** Reads a field selector. Throws a 400 for a field that the resource cannot be selected by. */
export function parseFieldSelector(text: string, resource: Resource): Selector {
  const parts = text.split(',').filter((part) => part !== '');
  const tests = parts.map((part): Selector => {
    const [, path = '', operator = '', wanted = ''] = /^(.*?)(==|!=|=)(.*)$/.exec(part) ?? [];
    if (operator === '') throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    if (!selectable(path, resource)) throw badRequest(`field label not supported: ${path}`);
    return (object) => (fieldText(object, path) === wanted) === (operator !== '!=');
  });
  return (object) => tests.every((holds) => holds(object));
}

function selectable(path: string, resource: Resource): boolean {
  if (path === 'metadata.name') return true;
  return (path === 'metadata.namespace' && resource.namespaced) || resource.fields.includes(path);
}

/** A missing field is the empty value of its type, as in the Go structs of the real server. */
function fieldText(object: KubeObject, path: string): string {
  if (path === 'source') return textAt(object, 'source', 'component') || textAt(object, 'reportingComponent');
  const value = at(object, ...path.split('.'));
  if (path === 'spec.unschedulable' || path === 'status.successful') return String(value === true);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** A LabelSelector object, as in specs, as a test of labels. An empty one selects everything. */
export function labelSelectorOf(selector: JsonObject): (labels: Labels) => boolean {
  const equal = Object.entries(textMapAt(selector, 'matchLabels'));
  const expressions = arrayAt(selector, 'matchExpressions').map((expression): Requirement => {
    const key = textAt(expression, 'key');
    const operator = textAt(expression, 'operator');
    if (operator === 'Exists') return (labels) => Object.hasOwn(labels, key);
    if (operator === 'DoesNotExist') return (labels) => !Object.hasOwn(labels, key);
    return inOrNot(key, operator === 'In', textsAt(expression, 'values'));
  });
  return (labels) => equal.every(([key, value]) => labels[key] === value) && expressions.every((holds) => holds(labels));
}

/** A LabelSelector object as text, as the scale subresource shows it. */
export function labelSelectorText(selector: JsonObject): string {
  const equal = Object.entries(textMapAt(selector, 'matchLabels')).map(([key, value]) => `${key}=${value}`);
  const expressions = arrayAt(selector, 'matchExpressions').map((expression) => {
    const key = textAt(expression, 'key');
    const operator = textAt(expression, 'operator');
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator.toLowerCase()} (${textsAt(expression, 'values').toSorted().join(',')})`;
  });
  return [...equal.toSorted(), ...expressions].join(',');
}
