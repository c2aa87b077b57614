import { describe, expect, it } from 'vitest';
import { CertificateAuthority } from '../../src/certificates/index.ts';
import { noTrust, trustIn } from './trust.ts';

const { certificate } = new CertificateAuthority('front-proxy');

describe('trustIn', () => {
  it('reads what the API server publishes', () => {
    const trust = trustIn({
      'client-ca-file': certificate,
      'requestheader-client-ca-file': certificate,
      'requestheader-allowed-names': '["front-proxy-client"]',
      'requestheader-username-headers': '["X-Remote-User"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    });
    expect(trust.clientCas).toHaveLength(1);
    expect(trust.frontProxy).toMatchObject({
      allowedNames: ['front-proxy-client'],
      usernameHeaders: ['x-remote-user'],
      uidHeaders: [],
      groupHeaders: ['x-remote-group'],
      extraPrefixes: ['x-remote-extra-'],
    });
  });

  it('trusts nobody when nothing is published', () => {
    expect(noTrust).toMatchObject({ clientCas: [], frontProxy: { cas: [], usernameHeaders: [] } });
  });

  it.each(['{', '"x"', '[1]'])('names the key that cannot be read: %s', (text) =>
    expect(() => trustIn({ 'requestheader-allowed-names': text })).toThrow(
      /^ConfigMap kube-system\/extension-apiserver-authentication: key requestheader-allowed-names cannot be read/,
    ),
  );
});
