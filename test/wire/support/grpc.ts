import { type ChannelOptions, credentials } from '@grpc/grpc-js';
import { type Client, type CompatServiceDefinition, createChannel, createClientFactory, Metadata } from 'nice-grpc';
import { fakeTokens } from '../../../components/auth-token/fake.ts';

export interface GrpcOptions {
  /** Default: with the cluster agent token. Empty: none. */
  readonly authorization?: string;
  readonly channel?: ChannelOptions;
}

/** A client of one service over one connection, certificate unchecked. */
export function grpcClient<Service extends CompatServiceDefinition>(
  definition: Service,
  port: number,
  { authorization = `Bearer ${fakeTokens['cluster-agent']}`, channel: options = {} }: GrpcOptions = {},
): Disposable & { readonly client: Client<Service> } {
  const unchecked = credentials.createSsl(null, null, null, { rejectUnauthorized: false });
  const channel = createChannel(`127.0.0.1:${port}`, unchecked, { 'grpc.use_local_subchannel_pool': 1, ...options });
  const metadata = Metadata(authorization === '' ? {} : { authorization });
  const client = createClientFactory().create(definition, channel, { '*': { metadata } });
  return { client, [Symbol.dispose]: () => channel.close() };
}
