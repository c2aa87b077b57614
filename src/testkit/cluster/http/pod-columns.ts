import { type Json, type JsonObject, type KubeObject, arrayAt, at, numberAt, textAt } from '../json.ts';
import { type Column, ageOf, column, orNone } from './column-kit.ts';

const { text, wide } = column;

/** The one word for a pod's state, as `kubectl get pods` shows it: the phase, or what its containers say. */
function podStatus(pod: KubeObject): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const reason = textAt(pod, 'status', 'reason') || textAt(pod, 'status', 'phase');
  const waiting = [...arrayAt(pod, 'status', 'initContainerStatuses'), ...arrayAt(pod, 'status', 'containerStatuses')]
    .map((status) => stateReason(at(status, 'state')))
    .find((found) => found !== '');
  return waiting ?? reason;
}

function stateReason(state: Json | undefined): string {
  const waiting = textAt(state, 'waiting', 'reason');
  if (waiting !== '') return waiting;
  const ended = at(state, 'terminated');
  if (ended === undefined) return '';
  return textAt(ended, 'reason') || `ExitCode:${numberAt(ended, 'exitCode') ?? 0}`;
}

function ready(pod: KubeObject): string {
  const statuses = arrayAt(pod, 'status', 'containerStatuses');
  return `${statuses.filter((status) => at(status, 'ready') === true).length}/${arrayAt(pod, 'spec', 'containers').length}`;
}

function restarts(pod: KubeObject): number {
  return arrayAt(pod, 'status', 'containerStatuses').reduce<number>((sum, status) => sum + (numberAt(status, 'restartCount') ?? 0), 0);
}

function gates(pod: KubeObject): string {
  const conditions = arrayAt(pod, 'status', 'conditions');
  const all = arrayAt(pod, 'spec', 'readinessGates').map((gate) => textAt(gate, 'conditionType'));
  const met = all.filter((type) => conditions.some((item) => isTrue(item, type)));
  return all.length === 0 ? '<none>' : `${met.length}/${all.length}`;
}

function isTrue(condition: Json, type: string): boolean {
  const fields: JsonObject = typeof condition === 'object' && condition !== null && !Array.isArray(condition) ? condition : {};
  return fields['type'] === type && fields['status'] === 'True';
}

/** The columns of pods. */
export const podColumns: Readonly<Record<string, readonly Column[]>> = {
  pods: [
    text('Ready', ready),
    text('Status', podStatus),
    { ...text('Restarts', restarts), type: 'integer' },
    text('Age', ageOf),
    wide('IP', (pod) => orNone(textAt(pod, 'status', 'podIP'))),
    wide('Node', (pod) => orNone(textAt(pod, 'spec', 'nodeName'))),
    wide('Nominated Node', (pod) => orNone(textAt(pod, 'status', 'nominatedNodeName'))),
    wide('Readiness Gates', gates),
  ],
};
