import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { openDatagramSocket } from './datagram-socket.ts';
import type { SyslogAddress } from './syslog-address.ts';

/** A way to syslog that is open. */
export interface SyslogLink {
  send(messages: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** The client's certificate for TLS; without one `tcp` is not encrypted, as in the Go agent. */
export interface TlsOptions {
  readonly pem: string;
  readonly key: string;
  readonly verify: boolean;
}

const connectTimeoutMs = 5000;

interface Inet {
  readonly host: string;
  readonly port: number;
}

/** @throws Error when nobody listens there */
export function openLink(address: SyslogAddress, tls: TlsOptions): Promise<SyslogLink> {
  if (address.kind === 'unixgram') return openDatagramSocket(address.path);
  if (address.kind === 'unix') return streamLink(connect({ path: address.path }), 'connect');
  if (address.kind === 'udp') return Promise.resolve(udpLink(createSocket(isIPv6(address.host) ? 'udp6' : 'udp4'), address));
  return tls.pem === '' ? streamLink(connect({ host: address.host, port: address.port }), 'connect') : tlsLink(address, tls);
}

async function tlsLink({ host, port }: Inet, { pem, key, verify }: TlsOptions): Promise<SyslogLink> {
  const [cert, keyText] = await Promise.all([readFile(pem), readFile(key === '' ? pem : key)]);
  return streamLink(connectTls({ host, port, cert, key: keyText, rejectUnauthorized: verify }), 'secureConnect');
}

async function streamLink(socket: Socket, ready: 'connect' | 'secureConnect'): Promise<SyslogLink> {
  try {
    await once(socket, ready, { signal: AbortSignal.timeout(connectTimeoutMs) });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  // The failure that matters is told by the write that it hits, or by the next one.
  socket.on('error', () => {}).unref();
  return {
    send: (messages) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) reject(new Error('the connection was closed'));
        else socket.write(messages.join(''), (error) => (error ? reject(error) : resolve()));
      }),
    close: async () => {
      if (socket.destroyed) return;
      const closed = once(socket, 'close');
      socket.destroySoon();
      await closed;
    },
  };
}

function udpLink(socket: UdpSocket, { host, port }: Inet): SyslogLink {
  const send = (message: string): Promise<void> =>
    new Promise((resolve, reject) => socket.send(message, port, host, (error) => (error ? reject(error) : resolve())));
  socket.on('error', () => {});
  return {
    send: async (messages) => void (await Promise.all(messages.map(send))),
    close: () => new Promise((resolve) => void socket.close(() => resolve())),
  };
}
