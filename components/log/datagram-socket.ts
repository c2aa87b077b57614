import { endianness } from 'node:os';
import type { SyslogLink } from './syslog-links.ts';

/** Numbers of Linux, where `/dev/log` is a datagram socket. */
const family = 1;
const datagram = 2;
const flags = 0x40 | 0x4000; // MSG_DONTWAIT, MSG_NOSIGNAL
const pathMax = 107;

/**
 * A datagram socket of this machine, which Node itself cannot open.
 *
 * Sending never waits: what the receiver has no room for is an error, and the log tries again later.
 */
export async function openDatagramSocket(path: string): Promise<SyslogLink> {
  if (process.platform !== 'linux') throw new Error('unixgram is known on Linux only: use unix:///path');
  const { default: koffi } = await import('koffi');
  const libc = koffi.load(null);
  const socket = libc.func('int socket(int, int, int)');
  const connect = libc.func('int connect(int, const void *, uint32_t)');
  const send = libc.func('int64_t send(int, const void *, uint64_t, int)');
  const close = libc.func('int close(int)');
  const failed = (what: string): Error => new Error(`${what} ${path}: errno ${koffi.errno()}`);

  const descriptor = socket(family, datagram, 0) as number;
  if (descriptor < 0) throw failed('cannot open a socket for');
  const address = addressOf(path);
  if ((connect(descriptor, address, address.length) as number) !== 0) {
    const error = failed('cannot connect to');
    close(descriptor);
    throw error;
  }
  return {
    send: async (messages) => {
      for (const message of messages) {
        const bytes = Buffer.from(message);
        if (Number(send(descriptor, bytes, bytes.length, flags)) < 0) throw failed('cannot send to');
      }
    },
    close: async () => void close(descriptor),
  };
}

/** A `sockaddr_un`. */
function addressOf(path: string): Buffer {
  const bytes = Buffer.from(path);
  if (bytes.length > pathMax) throw new Error(`the path of a socket has at most ${pathMax} bytes: ${path}`);
  const address = Buffer.alloc(2 + bytes.length + 1);
  if (endianness() === 'LE') address.writeUInt16LE(family);
  else address.writeUInt16BE(family);
  bytes.copy(address, 2);
  return address;
}
