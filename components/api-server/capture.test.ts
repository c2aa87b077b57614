import http2 from 'node:http2';
import { Server as GrpcJsServer } from '@grpc/grpc-js';
import { createServer } from 'nice-grpc';
import { expect, it } from 'vitest';
import { http2ServerOf, serverOf } from './capture.ts';

const originals = (): unknown[] => [GrpcJsServer.prototype['bindAsync'], http2.createServer];

it('finds the server that nice-grpc makes, and leaves everything as it was', async () => {
  const before = originals();
  expect(await serverOf(createServer())).toBeInstanceOf(GrpcJsServer);
  expect(originals()).toEqual(before);
});

it('finds the HTTP/2 server that is made on the way, and leaves everything as it was', () => {
  const before = originals();
  const [value, server] = http2ServerOf(() => http2.createServer({ maxSessionMemory: 1 }));
  expect(value).toBe(server);
  expect(originals()).toEqual(before);
});

it.each([
  ['another copy of grpc-js', () => serverOf({ listen: async () => 5005 })],
  ['a grpc-js that makes no server', async () => http2ServerOf(() => 'nothing')],
])('says what is wrong with %s', async (_, capture) => {
  const before = originals();
  await expect(capture()).rejects.toThrow('"npm ls @grpc/grpc-js" must show one copy');
  expect(originals()).toEqual(before);
});

it('leaves everything as it was after a failure', async () => {
  const before = originals();
  const fail = (): never => {
    throw new Error('no');
  };
  expect(() => http2ServerOf(fail)).toThrow('no');
  await expect(serverOf({ listen: async () => fail() })).rejects.toThrow('no');
  expect(originals()).toEqual(before);
});
