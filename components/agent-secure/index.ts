/** The gRPC service of the cluster agent as its clients know it; components serve its methods by contributing a `GrpcService`. */
export { AgentSecureDefinition, type AgentSecureServiceImplementation } from './generated/datadog/api/v1/api.ts';
export { EventType, TagCardinality, type StreamTagsResponse } from './generated/datadog/model/v1/model.ts';
