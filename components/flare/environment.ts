import { component, many, Process } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { FlareProvider } from './index.ts';

/** Variables that change what the agent does and are no settings. */
const allowed = new Set([
  'DOCKER_DD_AGENT',
  'HOST_ETC',
  'HOST_PROC',
  'HOST_ROOT',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'KUBERNETES_SERVICE_HOST',
  'KUBERNETES_SERVICE_PORT',
  'NODE_COMPILE_CACHE',
  'NODE_EXTRA_CA_CERTS',
  'NODE_OPTIONS',
  'NODE_USE_SYSTEM_CA',
  'PATH',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE',
  'TZ',
  'UV_THREADPOOL_SIZE',
]);
const secret = /KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL/i;

/** `envvars.log`: variables that the agent reads and whose name promises no secret; no others. */
export const environmentFlare = component({
  name: 'environment-flare',
  provides: many(FlareProvider),
  requires: { config: Config, process: Process },
  create: ({ config, process: { env } }): FlareProvider => ({
    path: 'envvars.log',
    content: () => {
      const ofSettings = new Set(config.known.flatMap((each) => [`DD_${each.key.toUpperCase().replaceAll('.', '_')}`, ...each.env]));
      const lines = Object.keys(env)
        .filter((name) => (allowed.has(name) || ofSettings.has(name)) && !secret.test(name))
        .toSorted()
        .map((name) => ` - ${name}=${env[name] ?? ''}\n`);
      return lines.length === 0
        ? 'Found no allowed environment variables\n'
        : `Found the following environment variables:\n${lines.join('')}`;
    },
  }),
});
