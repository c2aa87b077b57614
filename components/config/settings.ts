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
    type: type.httpProxy,
    default: '',
    env: ['HTTP_PROXY', 'http_proxy'],
    description: 'Proxy for HTTP requests; the variables win over the file',
  }),
  proxyHttps: setting('proxy.https', {
    type: type.httpProxy,
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
  noProxyNonexactMatch: setting('no_proxy_nonexact_match', {
    type: type.boolean,
    default: false,
    description: 'Whether a host in proxy.no_proxy stands for all below it too',
  }),
  skipSslValidation: setting('skip_ssl_validation', {
    type: type.boolean,
    default: false,
    description: 'Take any certificate for that of Datadog, as where a proxy opens what is encrypted',
  }),
  useProxyForCloudMetadata: setting('use_proxy_for_cloud_metadata', {
    type: type.boolean,
    default: false,
    description: 'Ask the metadata services of clouds through the proxy too',
  }),
} as const;

/** How `ENC[handle]` is resolved. Declared here because it is done while the configuration is loaded. */
export const secretSettings = {
  command: setting('secret_backend_command', {
    type: type.text,
    default: '',
    description: 'Executable that is given handles on its standard input and writes secrets to its standard output',
  }),
  arguments: setting('secret_backend_arguments', { type: type.list, default: [], description: 'Arguments of secret_backend_command' }),
  timeout: setting('secret_backend_timeout', { type: type.duration, default: 0, description: 'How long it may take; 0: 30 seconds' }),
  outputMaxSize: setting('secret_backend_output_max_size', {
    type: type.bytes,
    default: 0,
    description: 'Bytes that it may write; 0: 1 MiB',
  }),
  allowGroupExec: setting('secret_backend_command_allow_group_exec_perm', {
    type: type.boolean,
    default: false,
    description: 'Accept an executable that its group may read and run',
  }),
  removeTrailingLineBreak: setting('secret_backend_remove_trailing_line_break', {
    type: type.boolean,
    default: false,
    description: 'Take line breaks off the end of secrets',
  }),
  storeType: setting('secret_backend_type', {
    type: type.text,
    default: '',
    description: 'Kind of store, for a backend that serves several',
  }),
  storeConfig: setting('secret_backend_config', { type: type.any, default: undefined, description: 'Configuration of that store' }),
  refreshInterval: setting('secret_refresh_interval', {
    type: type.duration,
    default: 0,
    description: 'How often secrets are asked for anew; 0: never',
  }),
  refreshScatter: setting('secret_refresh_scatter', {
    type: type.boolean,
    default: true,
    description: 'Put the first refresh at a random time within the interval, so that replicas do not come all at once',
  }),
  auditFileMaxSize: setting('secret_audit_file_max_size', {
    type: type.bytes,
    default: 0,
    description: 'Bytes that the list of changed secrets may have, without their values; 0: 1 MiB',
  }),
  runPath: setting('run_path', {
    type: type.text,
    default: '/opt/datadog-agent/run',
    description: 'Folder of files that outlive the process',
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

/** What an `Agent` of node:http and node:https is made with to reach Datadog. */
export interface WayOut {
  readonly proxyEnv: { readonly HTTP_PROXY: string; readonly HTTPS_PROXY: string; readonly NO_PROXY: string };
  readonly rejectUnauthorized: boolean;
}

/** Through the proxies that are set, and with the certificates that are to be trusted. */
export function wayOut(config: Pick<Config, 'get'>): WayOut {
  const hosts = config.get(configSettings.proxyNoProxy);
  const below = config.get(configSettings.noProxyNonexactMatch) ? hosts.map((host) => `.${host.replace(/^\*?\./, '')}`) : [];
  return {
    proxyEnv: {
      HTTP_PROXY: config.get(configSettings.proxyHttp),
      HTTPS_PROXY: config.get(configSettings.proxyHttps),
      NO_PROXY: [...new Set([...hosts, ...below])].join(','),
    },
    rejectUnauthorized: !config.get(configSettings.skipSslValidation),
  };
}
