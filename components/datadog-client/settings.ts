import { setting, type } from '../config/index.ts';

export const datadogClientSettings = {
  endpoint: setting('external_metrics_provider.endpoint', {
    type: type.text,
    default: '',
    description: 'URL that queries go to; default: https://api.<site>',
  }),
};
