import { setting, type } from '../config/index.ts';
import { Secret } from '../secrets/index.ts';

export const datadogClientSettings = {
  endpoint: setting('external_metrics_provider.endpoint', {
    type: type.text,
    default: '',
    description: 'URL that queries go to; default: https://api.<site>',
  }),
  apiKey: setting('external_metrics_provider.api_key', {
    type: type.secret,
    default: new Secret(''),
    description: 'API key for queries; default: api_key',
  }),
  appKey: setting('external_metrics_provider.app_key', {
    type: type.secret,
    default: new Secret(''),
    description: 'Application key for queries, with the permission timeseries_query; default: app_key',
  }),
  endpoints: setting('external_metrics_provider.endpoints', {
    type: type.any,
    default: [],
    description: 'More places to query when the first does not answer, in order: a list of {url, api_key, app_key}',
  }),
  chunkSize: setting('external_metrics_provider.chunk_size', {
    type: type.integer,
    default: 35,
    description: 'Queries in one request, 1 to 35',
  }),
  maxParallelQueries: setting('external_metrics_provider.max_parallel_queries', {
    type: type.integer,
    default: 10,
    description: 'Requests at the same time, 1 to 300',
  }),
};
