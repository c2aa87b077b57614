import { supply, type Component } from '../../src/fx/index.ts';
import { ClusterName } from './index.ts';

/** Its name. */
export const fakeClusterName = (name = 'test'): Component<'cluster-name', never> =>
  supply(ClusterName, { get: () => Promise.resolve(name) });
