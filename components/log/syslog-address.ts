/** Where syslog is. `path` is that of a socket of this machine. */
export type SyslogAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'unixgram'; readonly path: string }
  | { readonly kind: 'udp' | 'tcp'; readonly host: string; readonly port: number };

/** The port of syslog over UDP, which is taken for TCP as well where none is given. */
const defaultPort = 514;
/** Where the local syslog listens on one system or another; the Go agent tries the same. */
export const localSockets: readonly string[] = ['/dev/log', '/var/run/syslog', '/var/run/log'];

/**
 * What `syslog_uri` means; `undefined` when it is empty, which means the socket of this machine.
 *
 * @throws Error that says what is accepted
 */
export function syslogAddress(uri: string): SyslogAddress | undefined {
  if (uri === '') return undefined;
  const address = URL.canParse(uri) ? addressOf(new URL(uri)) : undefined;
  if (address !== undefined) return address;
  throw new Error(`syslog_uri is "${uri}"; it must be udp://host:port, tcp://host:port, unix:///path or unixgram:///path`);
}

function addressOf({ protocol, host, hostname, port, pathname }: URL): SyslogAddress | undefined {
  const kind = protocol.slice(0, -1);
  if (kind === 'unix' || kind === 'unixgram') return pathname === '' ? undefined : { kind, path: `${host}${pathname}` };
  if ((kind !== 'udp' && kind !== 'tcp') || hostname === '') return undefined;
  return { kind, host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? defaultPort : Number(port) };
}
