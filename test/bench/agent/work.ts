import { once } from 'node:events';
import type { AgentSecureServiceImplementation } from '../../../components/agent-secure/index.ts';

/** One of the requests that a node agent makes over and over. */
export interface Work {
  readonly method: 'GET' | 'POST';
  readonly route: string;
  /** What is asked for. */
  readonly path: string;
  readonly body?: string;
  /** What is answered: about as much as for a small node. */
  readonly answer: string;
}

const labels = JSON.stringify({
  'kubernetes.io/arch': 'amd64',
  'kubernetes.io/os': 'linux',
  'node.kubernetes.io/instance-type': 'm5.large',
});

/** Asked in turn, by every connection. */
export const hot: readonly Work[] = [
  {
    method: 'POST',
    route: '/api/v1/clusterchecks/status/:identifier',
    path: '/api/v1/clusterchecks/status/node-17',
    body: '{"last_change":1732000000}',
    answer: '{"isuptodate":true}',
  },
  {
    method: 'GET',
    route: '/api/v1/tags/pod/:nodeName',
    path: '/api/v1/tags/pod/node-17',
    answer: '{"Nodes":{"node-17":{"services":{"ns":{"web-0":{"web":{}}}}}}}',
  },
  {
    method: 'GET',
    route: '/api/v1/endpointschecks/configs/:nodeName',
    path: '/api/v1/endpointschecks/configs/node-17',
    answer: '{"last_change":0,"configs":[]}',
  },
  { method: 'GET', route: '/api/v1/tags/node/:nodeName', path: '/api/v1/tags/node/node-17', answer: labels },
];

/** The others, as many as an agent has; they stand behind the hot ones. */
export const cold: readonly string[] = Array.from({ length: 56 }, (_, index) => `/api/v1/other${index}/:a/:b`);

/** A tagger that answers from memory; its streams send one event and then have nothing to say. */
export const tagger = {
  async *taggerStreamEntities(_, { signal }) {
    yield { events: [{ entity: { id: { prefix: 'kubernetes_pod_uid', uid: 'u' }, lowCardinalityTags: ['env:prod', 'service:web'] } }] };
    if (!signal.aborted) await once(signal, 'abort');
  },
  taggerFetchEntity: async ({ id, cardinality }) => ({ id, cardinality, tags: ['env:prod', 'service:web', 'version:1.2.3'] }),
} satisfies Partial<AgentSecureServiceImplementation>;
