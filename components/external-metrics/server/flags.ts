import { token } from '../../../src/fx/index.ts';
import type { DelegatedAuthOptions } from '../../delegated-auth/index.ts';
import { secondsIn } from '../duration.ts';

/** How the API server is to be run, as the flags of `external_metrics_provider.config` say. */
export interface ServerFlags {
  readonly bindAddress: string;
  /** Undefined: `external_metrics_provider.port` counts. */
  readonly port: number | undefined;
  /** Where `apiserver.crt` and `apiserver.key` are looked for, or written. */
  readonly certDir: string;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3' | undefined;
  readonly auth: DelegatedAuthOptions;
  /** Flags of the Go agent's library that mean nothing here. */
  readonly ignored: readonly string[];
}
export const ServerFlags = token<ServerFlags>()('external-metrics-flags');

const versions = { VersionTLS12: 'TLSv1.2', VersionTLS13: 'TLSv1.3' } as const;

type Given = Partial<Omit<ServerFlags, 'auth' | 'ignored'>> & { readonly auth?: DelegatedAuthOptions };

/** What each flag says. */
const flags: Readonly<Record<string, (text: string) => Given>> = {
  'bind-address': (bindAddress) => ({ bindAddress }),
  'secure-port': (text) => ({ port: port(text) }),
  'cert-dir': (certDir) => ({ certDir }),
  'tls-cert-file': (certFile) => ({ certFile }),
  'tls-private-key-file': (keyFile) => ({ keyFile }),
  'tls-min-version': (text) => ({ minVersion: oneOf(versions, text) }),
  'authentication-token-webhook-cache-ttl': (text) => ({ auth: { tokenTtlMs: milliseconds(text) } }),
  'authorization-webhook-cache-authorized-ttl': (text) => ({ auth: { allowTtlMs: milliseconds(text) } }),
  'authorization-webhook-cache-unauthorized-ttl': (text) => ({ auth: { denyTtlMs: milliseconds(text) } }),
  'authorization-always-allow-paths': (text) => ({ auth: { alwaysAllowPaths: list(text) } }),
  'client-ca-file': (clientCaFile) => ({ auth: { clientCaFile } }),
  'requestheader-client-ca-file': (frontProxyCaFile) => ({ auth: { frontProxyCaFile } }),
  'requestheader-allowed-names': (text) => ({ auth: { frontProxyNames: list(text) } }),
  'requestheader-username-headers': (text) => ({ auth: { usernameHeaders: list(text) } }),
  'requestheader-uid-headers': (text) => ({ auth: { uidHeaders: list(text) } }),
  'requestheader-group-headers': (text) => ({ auth: { groupHeaders: list(text) } }),
  'requestheader-extra-headers-prefix': (text) => ({ auth: { extraPrefixes: list(text) } }),
  'authentication-skip-lookup': (text) => ({ auth: { isLookupSkipped: oneOf({ true: true, false: false }, text) } }),
};

/** Known to the Go agent, without a meaning here: kubeconfig and limits are those of the whole agent. */
const ignorable = new Set(
  [
    'tls-cipher-suites tls-curve-preferences tls-sni-cert-key http2-max-streams-per-connection disable-http2-serving',
    'permit-port-sharing permit-address-sharing profiling contention-profiling debug-socket-path',
    'authentication-kubeconfig authentication-tolerate-lookup-failure authorization-kubeconfig',
    'enable-priority-and-fairness lister-kubeconfig discovery-interval client-qps client-burst',
  ].flatMap((line) => line.split(' ')),
);

/**
 * Reads `external_metrics_provider.config`.
 *
 * @throws Error that names the flag, and what it takes
 */
export function flagsIn(given: Readonly<Record<string, string>>): ServerFlags {
  const names = Object.keys(given);
  const unknown = names.find((name) => !Object.hasOwn(flags, name) && !ignorable.has(name) && !name.startsWith('audit-'));
  if (unknown !== undefined)
    throw new Error(`external_metrics_provider.config: unknown flag "${unknown}"; this server has ${Object.keys(flags).join(', ')}`);
  const known = names.filter((name) => Object.hasOwn(flags, name)).map((name) => read(name, given[name] ?? ''));
  return {
    bindAddress: '0.0.0.0',
    port: undefined,
    certDir: '/etc/datadog-agent/certificates',
    certFile: undefined,
    keyFile: undefined,
    minVersion: undefined,
    ...Object.assign({}, ...known),
    auth: Object.assign({}, ...known.map(({ auth }) => auth)) as DelegatedAuthOptions,
    ignored: names.filter((name) => !Object.hasOwn(flags, name)),
  };
}

function read(name: string, text: string): Given {
  try {
    return flags[name]?.(text) ?? {};
  } catch (error) {
    throw new Error(
      `external_metrics_provider.config: flag "${name}" is ${JSON.stringify(text)}, ${error instanceof Error ? error.message : ''}`,
      { cause: error },
    );
  }
}

function port(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 65_535) throw new Error('it must be a port, 0 to 65535');
  return number;
}

function oneOf<T>(values: Readonly<Record<string, T>>, text: string): T {
  const value = Object.hasOwn(values, text) ? values[text] : undefined;
  if (value === undefined) throw new Error(`it must be one of ${Object.keys(values).join(', ')}`);
  return value;
}

function list(text: string): readonly string[] {
  return text.split(',').filter((each) => each !== '');
}

function milliseconds(text: string): number {
  const seconds = secondsIn(text);
  if (seconds === undefined) throw new Error('it must be a duration such as 10s');
  return seconds * 1000;
}
