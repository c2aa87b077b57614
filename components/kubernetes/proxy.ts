import { BlockList, isIP } from 'node:net';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy to a server, as Go finds it: `HTTPS_PROXY` or `HTTP_PROXY`, unless the server is on this machine or `NO_PROXY` names it.
 * Node reads these variables too, but knows no networks in `NO_PROXY`, which is how clusters name their services, nor domains with all
 * below them.
 *
 * @returns its URL; empty: none
 */
export function proxyFor(server: URL, env: Environment): string {
  const scheme = server.protocol === 'https:' ? 'HTTPS' : 'HTTP';
  const proxy = given(env, `${scheme}_PROXY`);
  if (proxy === '' || isDirect(server, given(env, 'NO_PROXY'))) return '';
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

function given(env: Environment, name: string): string {
  return (env[name] || env[name.toLowerCase()] || '').trim();
}

function isDirect(server: URL, noProxy: string): boolean {
  const host = server.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = server.port || (server.protocol === 'https:' ? '443' : '80');
  if (host === 'localhost' || isIn(host, '127.0.0.0/8') || host === '::1') return true;
  return noProxy.split(',').some((each) => covers(each.trim().toLowerCase(), { host, port }));
}

interface Target {
  readonly host: string;
  readonly port: string;
}

/** Whether an entry is for this server: a network, an address, a domain with all below it (`.a.b` and `*.a.b`: only those), or `*`. */
function covers(entry: string, { host, port }: Target): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return isIn(host, entry);
  const [, name = entry, ofPort = port] = /^(\[.*\]|[^:]*):(\d*)$/.exec(entry) ?? [];
  const domain = name.replace(/^\[|\]$/g, '').replace(/^\*(?=\.)/, '');
  if (domain === '' || ofPort !== port) return false;
  if (isIP(domain) !== 0) return isIn(host, `${domain}/${isIP(domain) === 4 ? 32 : 128}`);
  return host.endsWith(domain.startsWith('.') ? domain : `.${domain}`) || host === domain;
}

/** An address in a network; nothing is in what is none. */
function isIn(host: string, network: string): boolean {
  const [address = '', bits = ''] = network.split('/');
  const family = familyOf(address);
  if (family === undefined || familyOf(host) === undefined || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 'ipv4' ? 32 : 128))
    return false;
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family);
  return list.check(host, familyOf(host));
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  return version === 0 ? undefined : version === 4 ? 'ipv4' : 'ipv6';
}
