import { supply, type Component } from '../../src/fx/index.ts';
import { OwnPod } from './index.ts';

/** A pod for tests. */
export function fakeOwnPod(name = 'agent-0', namespace = 'default'): Component<'own-pod', never> {
  return supply(OwnPod, { name, namespace: () => Promise.resolve(namespace), resourcesNamespace: () => Promise.resolve(namespace) });
}
