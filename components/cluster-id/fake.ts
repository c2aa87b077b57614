import { supply, type Component } from '../../src/fx/index.ts';
import { ClusterId, ClusterName } from './index.ts';

/** The id of a cluster that tests are in. */
export const fakeClusterId = (id = 'c0ffee00-0000-4000-8000-000000000000'): Component<'cluster-id', never> =>
  supply(ClusterId, { get: () => Promise.resolve(id) });

/** Its name. */
export const fakeClusterName = (name = 'test'): Component<'cluster-name', never> =>
  supply(ClusterName, { get: () => Promise.resolve(name) });
