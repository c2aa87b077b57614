import { supply, type Component } from '../../src/fx/index.ts';
import { EventRecorder, type KubernetesEvent } from './index.ts';

/**
 * A recorder for tests that keeps what it is told.
 *
 * @param recorded where events are kept: give an array of your own to look at them
 */
export function fakeEventRecorder(recorded: KubernetesEvent[] = []): Component<'event-recorder', never> {
  return supply(EventRecorder, { record: (event) => void recorded.push(event) });
}
