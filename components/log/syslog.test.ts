import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { describe, expect, it } from 'vitest';
import type { LogLine, LogRecord } from './index.ts';
import { syslogAddress, type SyslogAddress } from './syslog-address.ts';
import { Syslog } from './syslog.ts';

const record: LogRecord = {
  at: 0,
  level: 'warn',
  message: 'slow',
  context: [['pod', 'a']],
  file: 'components/x.ts',
  line: 7,
  function: 'run',
};
const plain = { asJson: false, isRfc: false, tls: { pem: '', key: '', verify: true } };
const to = (address: SyslogAddress): Syslog => new Syslog({ ...plain, address });
const lines = (...texts: string[]): LogLine[] => texts.map((text) => ({ level: 'info', text }));

describe('a line for syslog', () => {
  const udp = { kind: 'udp', host: 'x', port: 1 } as const;
  const { pid } = process;
  it.each([
    [plain, `<164>datadog-cluster-agent[${pid}]: CLUSTER | WARN | (components/x.ts:7 in run) | pod:a | slow`],
    [{ ...plain, isRfc: true }, `<164>1 datadog-cluster-agent ${pid} - - CLUSTER | WARN | (components/x.ts:7 in run) | pod:a | slow`],
    [
      { ...plain, asJson: true },
      `<164>datadog-cluster-agent[${pid}]: {"agent":"cluster","level":"WARN","relfile":"components/x.ts","line":"7","msg":"slow"}`,
    ],
  ])('has a header with facility and severity', (options, expected) => {
    expect(new Syslog({ ...options, address: udp }).format(record)).toBe(expected);
  });
});

describe('an address', () => {
  it.each([
    ['', undefined],
    ['udp://logs.example:5514', { kind: 'udp', host: 'logs.example', port: 5514 }],
    ['tcp://[::1]', { kind: 'tcp', host: '::1', port: 514 }],
    ['unix:///dev/log', { kind: 'unix', path: '/dev/log' }],
    ['unixgram:///dev/log', { kind: 'unixgram', path: '/dev/log' }],
  ])('%s', (uri, expected) => expect(syslogAddress(uri)).toEqual(expected));
  it.each(['logs.example:514', 'http://x', 'udp://', 'unix://'])('%s is refused', (uri) => {
    expect(() => syslogAddress(uri)).toThrow(`syslog_uri is "${uri}"; it must be`);
  });
});

describe('syslog', () => {
  it('gets datagrams over UDP, one a line', async () => {
    const server = createSocket('udp4').bind(0, '127.0.0.1');
    await once(server, 'listening');
    const got: string[] = [];
    const both = new Promise<void>((resolve) => server.on('message', (message) => void (got.push(String(message)) === 2 && resolve())));
    const sink = to({ kind: 'udp', host: '127.0.0.1', port: server.address().port });
    await sink.write(lines('one', 'two'));
    await both;
    expect(got.toSorted()).toEqual(['one\n', 'two\n']);
    await sink.close();
    server.close();
  });

  it('gets a stream over TCP, and is connected anew after it was away', async () => {
    const first = await listening();
    const sink = to({ kind: 'tcp', host: '127.0.0.1', port: first.port });
    await sink.write(lines('one'));
    await first.received('one\n');
    await first.close();
    // The first write after that may still go into a buffer; what counts is that one is refused and a later one arrives.
    await expect(async () => {
      for (;;) await sink.write(lines('lost'));
    }).rejects.toThrow(/EPIPE|ECONNRESET|ECONNREFUSED|closed/);
    const second = await listening(first.port);
    await sink.write(lines('two'));
    await second.received('two\n');
    await sink.close();
    await second.close();
  });

  it.runIf(process.platform === 'linux')('gets datagrams over a socket of this machine, which never wait for it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'syslog-'));
    const receiver = datagramReceiver(join(folder, 'log'));
    const sink = to({ kind: 'unixgram', path: join(folder, 'log') });
    await sink.write(lines('one', 'two'));
    expect([receiver.next(), receiver.next(), receiver.next()]).toEqual(['one\n', 'two\n', undefined]);
    // Nobody reads any more: the kernel's queue is soon full, which is an error and not a wait.
    await expect(async () => {
      for (;;) await sink.write(lines('x'.repeat(1000)));
    }).rejects.toThrow('cannot send to');
    while (receiver.next() !== undefined);
    await sink.write(lines('again'));
    expect(receiver.next()).toBe('again\n');
    await sink.close();
    receiver.close();
    await rm(folder, { recursive: true });
  });

  it('rejects where nobody listens', async () => {
    await expect(to({ kind: 'unix', path: '/no/such/socket' }).write(lines('x'))).rejects.toThrow('ENOENT');
    await expect(to({ kind: 'unixgram', path: '/no/such/socket' }).write(lines('x'))).rejects.toThrow('cannot connect to /no/such/socket');
    await expect(to({ kind: 'tcp', host: '127.0.0.1', port: 1 }).write(lines('x'))).rejects.toThrow('ECONNREFUSED');
  });
});

interface Listening {
  readonly port: number;
  received(text: string): Promise<void>;
  close(): Promise<void>;
}

async function listening(port = 0): Promise<Listening> {
  let text = '';
  let changed = Promise.withResolvers<void>();
  const server: Server = createServer((socket) => {
    server.once('closing', () => socket.destroy());
    socket
      .on('error', () => {})
      .on('data', (chunk) => {
        text += String(chunk);
        changed.resolve();
        changed = Promise.withResolvers();
      });
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    received: async (wanted) => {
      while (!text.includes(wanted)) await changed.promise;
    },
    close: async () => {
      server.emit('closing');
      await once(server.close(), 'close');
    },
  };
}

/** What Node cannot open: a datagram socket of this machine that is bound to a path. */
function datagramReceiver(path: string): { next(): string | undefined; close(): void } {
  const libc = koffi.load(null);
  const socket = libc.func('int socket(int, int, int)');
  const bind = libc.func('int bind(int, const void *, uint32_t)');
  const recv = libc.func('int64_t recv(int, void *, uint64_t, int)');
  const close = libc.func('int close(int)');
  const descriptor = socket(1, 2, 0) as number;
  const address = Buffer.concat([new Uint8Array(new Uint16Array([1]).buffer), Buffer.from(`${path}\0`)]);
  expect(bind(descriptor, address, address.length)).toBe(0);
  const buffer = Buffer.alloc(2000);
  return {
    next: () => {
      const length = Number(recv(descriptor, buffer, buffer.length, 0x40));
      return length < 0 ? undefined : buffer.toString('utf8', 0, length);
    },
    close: () => void close(descriptor),
  };
}
