import { setting, type } from '../config/index.ts';
import { Secret } from '../secrets/index.ts';

/** The keys of the account that the agent reports to. */
export const apiKeySettings = {
  apiKey: setting('api_key', { type: type.secret, default: new Secret(''), description: 'API key of the Datadog organisation' }),
  appKey: setting('app_key', { type: type.secret, default: new Secret(''), description: 'application key, for queries' }),
};
