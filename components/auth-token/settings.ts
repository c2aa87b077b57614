import { setting, type } from '../config/index.ts';
import { Secret } from '../secrets/index.ts';

export const authTokenSettings = {
  clusterAgentToken: setting('cluster_agent.auth_token', {
    type: type.secret,
    default: new Secret(''),
    description:
      'what node agents and runners show to the cluster agent, at least 32 characters; empty: kept in a file beside the configuration',
  }),
  sessionTokenPath: setting('auth_token_file_path', {
    type: type.text,
    default: '',
    description: 'file of the token that local commands show to the agent; empty: auth_token beside the configuration',
  }),
};
