import { Secret } from '../secrets/index.ts';
import type { Config } from './index.ts';
import { setting, type, type Setting } from './setting.ts';

/** Keys that no single component owns. */
export const configSettings = {
  apiKey: setting('api_key', { type: type.secret, default: new Secret(''), description: 'Datadog API key' }),
  appKey: setting('app_key', { type: type.secret, default: new Secret(''), description: 'Datadog application key, for queries' }),
  site: setting('site', { type: type.text, default: 'datadoghq.com', description: 'Datadog site that data is sent to' }),
  ddUrl: setting('dd_url', { type: type.text, default: '', env: ['DD_URL'], description: 'Where data is sent to, instead of the site' }),
  proxyHttp: setting('proxy.http', {
    type: type.text,
    default: '',
    env: ['HTTP_PROXY', 'http_proxy'],
    description: 'Proxy for HTTP requests; the variables win over the file',
  }),
  proxyHttps: setting('proxy.https', {
    type: type.text,
    default: '',
    env: ['HTTPS_PROXY', 'https_proxy'],
    description: 'Proxy for HTTPS requests; the variables win over the file',
  }),
  proxyNoProxy: setting('proxy.no_proxy', {
    type: type.commaList,
    default: [],
    env: ['NO_PROXY', 'no_proxy'],
    description: 'Hosts that are asked without a proxy',
  }),
  useProxyForCloudMetadata: setting('use_proxy_for_cloud_metadata', {
    type: type.boolean,
    default: false,
    description: 'Ask the metadata services of clouds through the proxy too',
  }),
} as const;

/**
 * Where a kind of data goes: the URL that is set for it, or `https://<prefix>.<site>`.
 *
 * @param url the setting that may name another place
 */
export function endpointOf(config: Pick<Config, 'get'>, prefix: string, url?: Setting<string>): string {
  const explicit = url === undefined ? '' : config.get(url).trim();
  return explicit === '' ? `https://${prefix}.${config.get(configSettings.site).trim()}` : explicit;
}
