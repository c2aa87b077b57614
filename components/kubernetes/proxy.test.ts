import { describe, expect, it } from 'vitest';
import { proxyFor } from './proxy.ts';

const proxy = 'http://proxy.example:3128';
const isDirect = (server: string, noProxy: string): boolean =>
  proxyFor(new URL(server), { HTTPS_PROXY: proxy, HTTP_PROXY: proxy, NO_PROXY: noProxy }) === '';

describe('NO_PROXY', () => {
  it.each([
    // What clusters set: the network of their services and of their pods, and the names inside.
    ['https://10.96.0.1', '10.0.0.0/8,172.16.0.0/12,.svc,.cluster.local', true],
    ['https://192.168.0.1', '10.0.0.0/8,172.16.0.0/12,.svc,.cluster.local', false],
    ['https://kubernetes.default.svc', '10.0.0.0/8, .svc', true],
    ['https://[fd00::1]:443', 'fd00::/8', true],
    ['https://[fe00::1]:443', 'fd00::/8', false],
    ['https://10.96.0.1', 'fd00::/8', false],
    ['https://10.96.0.1', '10.96.0.1', true],
    ['https://10.96.0.1:6443', '10.96.0.1:6443', true],
    ['https://10.96.0.1:6443', '10.96.0.1:443', false],
    ['https://10.96.0.1', '10.96.0.1:443', true],
    ['https://[fd00::1]:6443', '[fd00::1]:6443', true],
    ['https://[fd00::1]:6443', 'fd00::1', true],
    ['https://api.example.com', 'example.com', true],
    ['https://example.com', 'EXAMPLE.com', true],
    ['https://example.com', '.example.com', false],
    ['https://example.com', '*.example.com', false],
    ['https://api.example.com', '*.example.com', true],
    ['https://notexample.com', 'example.com', false],
    ['https://anything.example', '*', true],
    ['https://10.96.0.1', '10.96.0.0/33,10.96.0.0/x,/8,:443,,', false],
    ['https://127.0.0.2:6443', '', true],
    ['https://localhost:6443', '', true],
    ['https://[::1]:6443', '', true],
    ['http://10.96.0.1', '10.96.0.0/16', true],
  ])('takes %s with %j as Go does', (server, noProxy, direct) => {
    expect(isDirect(server, noProxy)).toBe(direct);
  });
});

describe('the proxy', () => {
  const server = new URL('https://10.96.0.1');

  it('is the one for the protocol, in whatever case it is named', () => {
    expect(proxyFor(server, {})).toBe('');
    expect(proxyFor(server, { HTTP_PROXY: proxy })).toBe('');
    expect(proxyFor(server, { https_proxy: proxy, no_proxy: '10.97.0.0/16' })).toBe(proxy);
    expect(proxyFor(server, { https_proxy: proxy, no_proxy: '10.96.0.0/16' })).toBe('');
    expect(proxyFor(new URL('http://10.96.0.1'), { HTTP_PROXY: proxy })).toBe(proxy);
  });

  it('may be named without its scheme', () => {
    expect(proxyFor(server, { HTTPS_PROXY: 'proxy.example:3128' })).toBe(proxy);
  });
});
