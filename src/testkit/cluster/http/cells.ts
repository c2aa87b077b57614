import { type Json, type KubeObject, arrayAt, at, numberAt, objectAt, textAt } from '../json.ts';
import { duration, orNone } from './column-kit.ts';

function templateOf(object: KubeObject): Json | undefined {
  return at(object, 'spec', 'jobTemplate', 'spec', 'template') ?? at(object, 'spec', 'template');
}

/** One field of every container, joined. */
export function containersOf(object: KubeObject, key: string): string {
  return arrayAt(templateOf(object), 'spec', 'containers')
    .map((container) => textAt(container, key))
    .join(',');
}

/** Labels as text. */
export function pairs(labels: Record<string, string>): string {
  return orNone(
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  );
}

/** The subjects of a binding that are of one kind. */
export function subjects(kind: string): (object: KubeObject) => string {
  return (object) =>
    arrayAt(object, 'subjects')
      .filter((subject) => textAt(subject, 'kind') === kind)
      .map((subject) =>
        kind === 'ServiceAccount' ? `${textAt(subject, 'namespace')}/${textAt(subject, 'name')}` : textAt(subject, 'name'),
      )
      .join(',');
}

/** How many entries a config map or a secret has. */
export function dataCount(object: KubeObject): number {
  return Object.keys(objectAt(object, 'data')).length + Object.keys(objectAt(object, 'binaryData')).length;
}

/** Ports as `80:30080/TCP`. */
export function servicePorts(object: KubeObject): string {
  const ports = arrayAt(object, 'spec', 'ports').map((port) => {
    const node = numberAt(port, 'nodePort');
    return `${numberAt(port, 'port') ?? 0}${node === undefined ? '' : `:${node}`}/${textAt(port, 'protocol')}`;
  });
  return orNone(ports.join(','));
}

/** The first addresses of endpoints. */
export function addresses(object: KubeObject): string {
  const all = arrayAt(object, 'subsets').flatMap((subset) => {
    const ports = arrayAt(subset, 'ports').map((port) => numberAt(port, 'port') ?? 0);
    return arrayAt(subset, 'addresses').flatMap((address) =>
      ports.length === 0 ? [textAt(address, 'ip')] : ports.map((port) => `${textAt(address, 'ip')}:${port}`),
    );
  });
  return orNone(all.slice(0, 3).join(',') + (all.length > 3 ? ` + ${all.length - 3} more...` : ''));
}

function conditionStatus(object: KubeObject, type: string): string {
  const condition = arrayAt(object, 'status', 'conditions').find((item) => textAt(item, 'type') === type);
  return condition === undefined ? 'Unknown' : textAt(condition, 'status');
}

/** Whether an API service is available, and why not. */
export function apiServiceState(object: KubeObject): string {
  const condition = arrayAt(object, 'status', 'conditions').find((item) => textAt(item, 'type') === 'Available');
  const status = textAt(condition, 'status');
  return status === 'True' ? status : `${status} (${textAt(condition, 'reason')})`;
}

/** The address of one type. */
export function nodeAddress(type: string): (object: KubeObject) => string {
  return (object) =>
    orNone(
      textAt(
        arrayAt(object, 'status', 'addresses').find((address) => textAt(address, 'type') === type),
        'address',
      ),
    );
}

/** The roles that the labels of a node give it. */
export function nodeRoles({ metadata }: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/';
  return orNone(
    Object.keys(metadata.labels ?? {})
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
      .toSorted()
      .join(','),
  );
}

/** Whether a node is ready and takes pods. */
export function nodeStatus(object: KubeObject): string {
  const condition = conditionStatus(object, 'Ready');
  const state = condition === 'True' ? 'Ready' : condition === 'False' ? 'NotReady' : 'Unknown';
  return at(object, 'spec', 'unschedulable') === true ? `${state},SchedulingDisabled` : state;
}

function amount(value: Json | undefined): string {
  const percent = numberAt(value, 'averageUtilization');
  return percent === undefined ? textAt(value, 'averageValue') || textAt(value, 'value') || '<unknown>' : `${percent}%`;
}

/** A number or a percentage. */
export function numberOrText(value: Json | undefined): string {
  return typeof value === 'number' || typeof value === 'string' ? String(value) : 'N/A';
}

/** Current and wanted values of an autoscaler. */
export function targets(object: KubeObject): string {
  const current = arrayAt(object, 'status', 'currentMetrics');
  const list = arrayAt(object, 'spec', 'metrics').map((metric, index) => {
    const source = textAt(metric, 'type').replace(/^./, (first) => first.toLowerCase());
    const target = at(metric, source, 'target');
    const suffix = textAt(target, 'type') === 'AverageValue' && source === 'external' ? ' (avg)' : '';
    return `${amount(at(current[index], source, 'current'))}/${amount(target)}${suffix}`;
  });
  return list.slice(0, 2).join(', ') + (list.length > 2 ? ` + ${list.length - 2} more...` : '');
}

/** How long a job ran, or runs. */
export function jobDuration(object: KubeObject, now: number): string {
  const started = textAt(object, 'status', 'startTime');
  if (started === '') return '';
  const ended = textAt(object, 'status', 'completionTime');
  return duration((ended === '' ? now : Date.parse(ended)) - Date.parse(started));
}

/** Who reported an event. */
export function eventSource(object: KubeObject): string {
  const host = textAt(object, 'source', 'host');
  const component = textAt(object, 'source', 'component') || textAt(object, 'reportingComponent');
  return host === '' ? component : `${component}, ${host}`;
}
