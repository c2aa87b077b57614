import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { Agent, request as httpsRequest } from 'node:https';
import { networkInterfaces } from 'node:os';
import { text as textOf } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { selfSigned } from '../../../src/certificates/index.ts';
import { LeakWatch } from '../../../src/fx/testing.ts';
import { Listener } from './listener.ts';
import type { Answer, ServerRequest } from './messages.ts';

type Handle = (request: ServerRequest) => Promise<Answer>;

interface Options {
  /** Default: loopback. */
  readonly host?: string;
  readonly idleMs?: number;
}

const { certificate: cert, key } = selfSigned({ commonName: 'localhost', hosts: ['localhost'] });
const answering = (body: string | Uint8Array, status = 200): Answer => ({ status, contentType: 'text/plain', body });
const empty: Handle = async () => answering('');

function get(port: number, path: string, host = 'localhost'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest({ host, port, path, rejectUnauthorized: false, agent: false }, (response) => {
      response.setEncoding('utf8');
      let body = '';
      response.on('data', (chunk: string) => void (body += chunk)).on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on('error', reject).end();
  });
}

function connected({ port }: Listener): ClientHttp2Session {
  return connect(`https://localhost:${port}`, { rejectUnauthorized: false });
}

describe('Listener', () => {
  const watch = new LeakWatch();
  afterEach(() => watch.end());

  /** Does something with a listener on a free port, which is closed then; nothing may be left open. */
  const serving = (handle: Handle, work: (listener: Listener) => Promise<void>, { host = '127.0.0.1', idleMs }: Options = {}) =>
    watch.inside(async () => {
      const listener = new Listener(handle, idleMs);
      await listener.listen(0, host, { cert, key, minVersion: 'TLSv1.3', ca: [] });
      await work(listener).finally(() => listener.close());
    });

  it('speaks HTTP/1.1 and HTTP/2, and ends with nothing left open', () =>
    serving(
      async ({ path }) => answering(path),
      async (listener) => {
        expect(await get(listener.port, '/healthz')).toEqual({ status: 200, body: '/healthz' });
        const session = connected(listener);
        const stream = session.request({ ':path': '/apis' });
        const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
        expect(headers[':status']).toBe(200);
        stream.resume();
        const drained = listener.drain();
        await expect(get(listener.port, '/healthz')).rejects.toThrow();
        session.close();
        await drained;
      },
    ));

  it('takes 0.0.0.0 for every address of the machine, as Go does', () =>
    serving(
      empty,
      async ({ port }) => {
        const all = Object.values(networkInterfaces()).flatMap((each = []) => each.map(({ address }) => address));
        for (const address of all.filter((each) => !each.startsWith('fe80')))
          expect((await get(port, '/healthz', address)).status).toBe(200);
      },
      { host: '0.0.0.0' },
    ));

  it('answers over HTTP/2 with and without bodies, whatever the client does', async () => {
    const goneAway = Promise.withResolvers<Answer>();
    const handle: Handle = async ({ path, method, headers }) => {
      if (path === '/never') return goneAway.promise;
      return answering(`${method} ${path} ${String(headers['x-a'])}`, path === '/same' ? 304 : 200);
    };
    await serving(handle, async (listener) => {
      const session = connected(listener);
      const ask = async (headers: OutgoingHttpHeaders, body?: Buffer): Promise<unknown> => {
        const stream = session.request(headers, { endStream: body === undefined });
        if (body !== undefined) stream.end(body);
        const [{ ':status': status, 'content-length': length }] = (await once(stream, 'response')) as [IncomingHttpHeaders];
        return [status, Number(length), await textOf(stream)];
      };
      expect(await ask({ ':path': '/a?b=1', 'x-a': ['1', '2'] })).toEqual([200, 10, 'GET /a 1,2']);
      expect(await ask({ ':path': '/a', ':method': 'HEAD' })).toEqual([200, 17, '']);
      expect(await ask({ ':path': '/same' })).toEqual([304, 19, '']);
      expect(await ask({ ':path': '/a', ':method': 'POST', 'x-a': '1' }, Buffer.alloc(300_000))).toEqual([200, 9, 'POST /a 1']);
      expect(await ask({ ':method': 'CONNECT', ':authority': 'x:1', 'x-a': '1' })).toEqual([200, NaN, 'CONNECT  1']);
      const impatient = session.request({ ':path': '/never' });
      impatient.close(constants.NGHTTP2_CANCEL);
      await once(impatient, 'close');
      goneAway.resolve(answering('too late'));
      expect(await ask({ ':path': '/a', 'x-a': '1' })).toEqual([200, 8, 'GET /a 1']);
      session.close();
    });
  });

  it('hears of users in many groups, whose names are no ASCII, over both protocols', async () => {
    const received: (readonly string[])[] = [];
    const handle: Handle = async ({ headers }) => {
      received.push(headers['x-remote-group'] ?? []);
      return answering('');
    };
    await serving(handle, async (listener) => {
      const groups = Array.from({ length: 500 }, (_, index) => `Domänen-Benutzer der Abteilung ${index}`);
      const headers = { 'x-remote-group': groups.map((group) => Buffer.from(group).toString('latin1')) };
      const options = { port: listener.port, headers, rejectUnauthorized: false, agent: false };
      const [response] = await once(httpsRequest(options).end(), 'response');
      await textOf(response);
      const session = connected(listener);
      await textOf(session.request(headers));
      session.close();
      expect(received).toEqual([groups, groups]);
    });
  });

  it('lets what is being asked be answered in full while it drains, and hangs up then', async () => {
    const body = Buffer.alloc(2 * 1024 * 1024, 'x');
    const [arrived, open] = [Promise.withResolvers<void>(), Promise.withResolvers<Answer>()];
    let count = 0;
    const handle: Handle = () => {
      if ((count += 1) === 2) arrived.resolve();
      return open.promise;
    };
    await serving(handle, async (listener) => {
      const agent = new Agent({ keepAlive: true });
      const first = once(httpsRequest({ port: listener.port, rejectUnauthorized: false, agent }).end(), 'response');
      const second = textOf(connected(listener).request({ ':path': '/' }));
      await arrived.promise;
      const drained = listener.drain();
      open.resolve(answering(body));
      const [response] = await first;
      expect(response.headers.connection).toBe('close');
      expect([(await textOf(response)).length, (await second).length]).toEqual([body.length, body.length]);
      await drained;
    });
  });

  it('is done with a request over HTTP/2 once it is answered, though its client would go on and on', () =>
    serving(
      async () => answering('no', 401),
      async (listener) => {
        const session = connected(listener);
        const endless = session.request({ ':method': 'POST' }).resume();
        await once(endless, 'close');
        expect(endless.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
        session.close();
      },
    ));

  it('keeps connections of HTTP/1.1 for clients that come back, as long as Go does', () =>
    serving(empty, async ({ port }) => {
      const agent = new Agent({ keepAlive: true });
      const [response] = await once(httpsRequest({ port, rejectUnauthorized: false, agent }).end(), 'response');
      expect(response.headers).toMatchObject({ connection: 'keep-alive', 'keep-alive': 'timeout=90' });
      await textOf(response);
      agent.destroy();
    }));

  it('hangs up on clients of HTTP/2 that say nothing any more', () =>
    serving(empty, async (listener) => void (await once(connected(listener), 'close')), { idleMs: 10 }));

  it('serves on what it had when the new certificate and its key do not belong together', () =>
    serving(empty, async (listener) => {
      const next = selfSigned({ commonName: 'next', hosts: ['localhost'] });
      expect(() => listener.renew({ cert: next.certificate, key })).toThrow('key values mismatch');
      expect(listener.certificate).toBe(cert);
      listener.renew({ ca: [cert] });
      expect(await get(listener.port, '/')).toMatchObject({ status: 200 });
    }));
});
