import { token } from '../../src/fx/index.ts';

/** The object that an event is about. */
export interface EventTarget {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface KubernetesEvent {
  readonly about: EventTarget;
  readonly type: 'Normal' | 'Warning';
  /** One word in CamelCase. */
  readonly reason: string;
  readonly message: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** `source.component`. Default `datadog-cluster-agent`. */
  readonly component?: string;
}

/** Writes Kubernetes events, never in the way of its caller: what cannot be written in time is dropped and counted. */
export interface EventRecorder {
  record(event: KubernetesEvent): void;
}
export const EventRecorder = token<EventRecorder>()('event-recorder');
