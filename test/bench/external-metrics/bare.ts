/** A server that does nothing but answer over TLS and HTTP/2: what the machine itself makes of the same reads. */
import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import { selfSigned } from '../../../src/certificates/index.ts';
import { serveParent } from './process.ts';

export type Bare = typeof services;

const { certificate: cert, key } = selfSigned({ commonName: 'localhost', hosts: ['localhost'] });
const server = createSecureServer({ cert, key, requestCert: true, rejectUnauthorized: false }, (_, response) => response.end('{}'));
const services = {
  port: (): number => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  },
};
await once(server.listen(0, '127.0.0.1'), 'listening');
serveParent(services);
