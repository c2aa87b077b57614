import { describe, expect, it } from 'vitest';
import { proxiedUser } from './peer.ts';
import { noTrust, type Trust } from './trust.ts';

const trust: Trust = {
  ...noTrust,
  frontProxy: {
    ...noTrust.frontProxy,
    usernameHeaders: ['x-remote-user', 'x-other-user'],
    uidHeaders: ['x-remote-uid'],
    groupHeaders: ['x-remote-group'],
    extraPrefixes: ['x-remote-extra-'],
  },
};

describe('the user that a front proxy speaks for', () => {
  it('is told with groups, identity and what else is known, as one whose requests have been judged', () => {
    const headers = {
      'x-remote-user': ['jane'],
      'x-remote-uid': ['42'],
      'x-remote-group': ['dev', 'system:authenticated'],
      'x-remote-extra-example.com%2fscopes': ['read', 'write'],
      'x-remote-extra-100%': ['wrongly escaped'],
      authorization: ['Bearer of-somebody-else'],
    };
    expect(proxiedUser(headers, trust)).toEqual({
      name: 'jane',
      uid: '42',
      groups: ['dev', 'system:authenticated'],
      extra: { 'example.com/scopes': ['read', 'write'], '100%': ['wrongly escaped'] },
      isProxied: true,
    });
  });

  it('is named by the first header that has a name', () => {
    expect(proxiedUser({ 'x-remote-user': [''], 'x-other-user': ['bob'] }, trust)).toEqual({
      name: 'bob',
      groups: [],
      extra: {},
      isProxied: true,
    });
    expect(proxiedUser({ 'x-remote-group': ['dev'] }, trust)).toBeUndefined();
  });
});
