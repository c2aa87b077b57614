import { setting, type } from '../config/index.ts';

export const apiServerSettings = {
  cmdPort: setting('cluster_agent.cmd_port', {
    type: type.port,
    default: 5005,
    description: 'the port of the API for node agents, runners and commands; 0: any free one',
  }),
  allowLegacyTls: setting('cluster_agent.allow_legacy_tls', {
    type: type.boolean,
    default: false,
    description: 'accept TLS from 1.0 on instead of only 1.3',
  }),
  idleTimeoutSeconds: setting('cluster_agent.server.idle_timeout_seconds', {
    type: type.positiveInteger,
    default: 60,
    description: 'seconds from the arrival of a REST request to the end of its answer; then its connection is cut',
  }),
  connectionsPerClient: setting('cluster_agent.server.max_connections_per_client', {
    type: type.integer,
    default: 10_000,
    description: 'connections that one address may have at a time; 0: no limit',
  }),
  requestsPerClient: setting('cluster_agent.server.max_requests_per_client', {
    type: type.integer,
    default: 10_000,
    description: 'requests, and gRPC calls, of one address that are answered at a time; 0: no limit',
  }),
  grpcMessageMax: setting('cluster_agent.cluster_tagger.grpc_max_message_size', {
    type: type.positiveInteger,
    default: 4_194_304,
    description: 'bytes of the longest gRPC message, in both directions',
  }),
};
