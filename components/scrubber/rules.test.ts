import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { supply } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { Config, configSettings } from '../config/index.ts';
import { LayeredConfig } from '../config/layered.ts';
import { Secret } from '../secrets/index.ts';
import { Scrubber, scrubberSettings } from './index.ts';
import { RulesScrubber, rulesScrubber } from './rules.ts';

const apiKey = '0123456789abcdef0123456789abcdef';
const apiKeyShown = '***************************bcdef';
const appKey = '0123456789abcdef0123456789abcdef01234567';
const scrubber = new RulesScrubber();

describe('text', () => {
  it.each([
    ['an API key anywhere', `sent ${apiKey} away`, `sent ${apiKeyShown} away`],
    ['an application key anywhere', `sent ${appKey} away`, `sent ***********************************34567 away`],
    ['an API key in YAML', `  api_key: ${apiKey}\nsite: x`, `  api_key: "${apiKeyShown}"\nsite: x`],
    ['an API key in a URL', `GET /validate?api_key=${apiKey}&x=1`, `GET /validate?api_key=${apiKeyShown}&x=1`],
    ['an API key in JSON', `{"apiKey":"${apiKey}"}`, `{"apiKey":"${apiKeyShown}"}`],
    ['an API key in a header', `DD-API-KEY: ${apiKey}`, `DD-API-KEY: "${apiKeyShown}"`],
    ['a short key', 'api_key=hunter2', 'api_key=********'],
    ['a token of the agent', `Bearer ${'ab'.repeat(32)}!`, `Bearer ${'*'.repeat(59)}babab!`],
    ['any other bearer', 'sent Bearer eyJhbGciOi.J9-_x.y_z to', 'sent Bearer ******** to'],
    ['a header', 'Authorization: Bearer eyJhbGciOi.J9\nx', 'Authorization: ********\nx'],
    ['a header with a token of the agent', `Authorization: Bearer ${'ab'.repeat(32)}`, `Authorization: Bearer ${'*'.repeat(59)}babab`],
    ['basic credentials', 'sent Basic dXNlcjpwYXNz= to', 'sent Basic ******** to'],
    ['a remote configuration key', 'key is DDRCM_ABCDEFGHIJKLM', 'key is DDRCM_***************************IJKLM'],
    ['a password in a URL', 'at https://user:p@ss/w0rd@host:80/x.', 'at https://user:********@host:80/x.'],
    ['a password in a data source name', 'dsn root:hunter2@tcp(127.0.0.1)', 'dsn root:********@tcp(127.0.0.1)'],
    ['a password in YAML, to the end of the line', 'password: my pass, phrase\nx: 1', 'password: "********"\nx: 1'],
    ['a password in a list of YAML', '  - db_password: hunter2', '  - db_password: "********"'],
    ['a block of YAML', 'a:\n  token: |\n    one\n\n    two\n  x: 1', 'a:\n  token: |\n    "********"\n  x: 1'],
    ['a list of YAML', 'community_strings:\n- one\n- two\nx: 1', 'community_strings:\n  "********"\nx: 1'],
    ['a password in quotes', 'x "password": "a\\"b c", "x": 1', 'x "password": "********", "x": 1'],
    ['a password in JSON in JSON', '{"x":"{\\"password\\":\\"a b\\"}"}', '{"x":"{\\"password\\":\\"********\\"}"}'],
    ['a password that is never closed', 'password="a b\nx', 'password="********\nx'],
    ['a password in a sentence', 'connected with password=hunter2, ok', 'connected with password=********, ok'],
    ['camel case', '{"clientSecret":"x1","authKey":"x2"}', '{"clientSecret":"********","authKey":"********"}'],
    ['a PEM block', 'a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nb', 'a\n********\nb'],
    ['a PEM block without end', 'a -----BEGIN PRIVATE KEY-----\nMIIE', 'a ********'],
  ])('hides %s', (_, text, expected) => {
    expect(scrubber.text(text)).toBe(expected);
    expect(scrubber.text(scrubber.text(text))).toBe(expected);
  });

  it.each([
    ['a log line', '2026-11-25 18:33:14 UTC | CLUSTER | INFO | (log/winston.ts:12 in write) | started in 12 ms'],
    ['names that only contain such a word', 'cluster_agent.token_name: datadogtoken\nauth_token_file_path: /etc/token\nbypass: 3'],
    ['a handle', 'api_key: ENC[api_key]'],
    ['a digest', 'image nginx:1.2@sha256:abc'],
    ['what says nothing', 'password: ""\ntoken: null\nsecret: false'],
    ['a URL', 'https://app.datadoghq.com/api/v1/validate'],
  ])('leaves %s as it is', (_, text) => {
    expect(scrubber.text(text)).toBe(text);
  });

  it('leaves YAML that can still be read', () => {
    const yaml = `api_key: ${apiKey}\ndb:\n  password: hunter2\n  tokens: 1\n  token:\n    - a\n  port: 1\nurl: http://u:p@h/\n`;
    expect(parse(scrubber.text(yaml))).toEqual({
      api_key: apiKeyShown,
      db: { password: '********', tokens: 1, token: '********', port: 1 },
      url: 'http://u:********@h/',
    });
  });
});

const secret = fc
  .string({ minLength: 6, maxLength: 40, unit: 'grapheme-ascii' })
  .filter((each) => each.trim().length >= 6 && !/^\*|ENC\[|null|true|none/i.test(each));
const word = fc.string({ minLength: 20, maxLength: 40, unit: fc.constantFrom('g', 'h', 'k', 'm', 'x', 'z', 'G', 'H', 'K') });

describe('canaries', () => {
  it('never come through once they are remembered, in text, JSON or a URL', () => {
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (canary, before, after) => {
        const own = new RulesScrubber();
        own.remember(canary);
        const trimmed = canary.trim();
        for (const spelled of [canary, JSON.stringify({ x: canary }), `?x=${encodeURIComponent(canary)}`]) {
          expect(own.text(`${before} ${spelled} ${after}`).replaceAll('*', '')).not.toContain(trimmed);
        }
        expect(JSON.stringify(own.data({ a: [before, canary] }))).not.toContain(JSON.stringify(trimmed).slice(1, -1));
      }),
    );
  });

  it('never come through under a secret-looking key, however it is written', () => {
    const key = fc.constantFrom('password', 'auth_token', 'client_secret', 'DB_PASSWD', 'privateKey', 'snmp.community_string');
    const shape = fc.constantFrom<(key: string, value: string) => string>(
      (key_, value) => `${key_}: ${value}`,
      (key_, value) => `x: 1\n  - ${key_}: ${value}\ny: 2`,
      (key_, value) => `text ${key_}=${value} text`,
      (key_, value) => `?${key_}=${value}&a=b`,
      (key_, value) => JSON.stringify({ [key_]: value }),
      (key_, value) => JSON.stringify(JSON.stringify({ [key_]: value })),
      (key_, value) => `${key_} = '${value}'`,
      (key_, value) => `${key_}: |\n  ${value}\n`,
    );
    fc.assert(
      fc.property(key, word, shape, (name, canary, write) => {
        expect(scrubber.text(write(name, canary))).not.toContain(canary);
        expect(JSON.stringify(scrubber.data({ [name]: { deep: [canary] } }))).not.toContain(canary);
      }),
    );
  });

  it('leave other text as it is: what is masked twice is masked once', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        const once = scrubber.text(text);
        expect(scrubber.text(once)).toBe(once);
      }),
    );
  });
});

describe('hostile text', () => {
  const length = 300_000;
  const pieces = [
    'token="',
    'token=a ',
    '://a:',
    '=a:',
    'a',
    'a.',
    'bearer ',
    'password:\n',
    "q='x\n",
    '-',
    '-----BEGIN A-----',
    'token="\\',
    'token: |\n a\n',
    '\\',
    ' ',
    'token: ',
    '@',
    'a:b@',
  ];

  it('takes linear time', () => {
    // Quadratic work on this much takes minutes, so this needs no measuring: it ends in time or it does not.
    for (const piece of pieces) expect(scrubber.text(piece.repeat(length / piece.length)).length).toBeGreaterThan(0);
  });

  it('harms nothing', () => {
    const hostile = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string()), { maxLength: 30 });
    fc.assert(fc.property(hostile, (parts) => typeof scrubber.text(parts.join('')) === 'string'));
  });
});

describe('data', () => {
  it('is masked under keys and in texts; the rest stays what it is', () => {
    const value = {
      api_key: apiKey,
      additional_endpoints: { 'https://a': [apiKey] },
      auth_token: new Secret('hunter2'),
      app_key: new Secret(appKey),
      any: new Secret('hunter2'),
      nested: { token: 12_345, password: ['a', { b: 'c' }], isSet: true },
      none: { token: null, secret: '', password: 'ENC[x]' },
      map: new Map([['password', 'x']]),
      when: new Date(0),
      url: 'http://u:p@h',
      count: 3,
    };
    expect(scrubber.data(value)).toEqual({
      api_key: apiKeyShown,
      additional_endpoints: { 'https://a': [apiKeyShown] },
      auth_token: '********',
      app_key: '***********************************34567',
      any: '********',
      nested: { token: '********', password: ['********', { b: '********' }], isSet: true },
      none: { token: null, secret: '', password: 'ENC[x]' },
      map: { password: '********' },
      when: '1970-01-01T00:00:00.000Z',
      url: 'http://u:********@h',
      count: 3,
    });
  });

  it('that is endless ends in a mask', () => {
    const endless: Record<string, unknown> = {};
    endless['self'] = endless;
    expect(JSON.stringify(scrubber.data(endless))).toContain('********');
  });
});

describe('the component', () => {
  it('takes more keys from the configuration and remembers its secrets, now and later', async () => {
    const { apiKey: key } = configSettings;
    const config = new LayeredConfig({ settings: [key, ...Object.values(scrubberSettings)] });
    config.set(key, new Secret('the first secret'), 'file');
    config.set(scrubberSettings.additionalKeys, ['flavour'], 'file');
    config.set(scrubberSettings.flareStrippedKeys, ['colour'], 'file');
    await using tested = await testApp([supply(Config, config), rulesScrubber], { requires: { scrubber: Scrubber } });
    const { scrubber: own } = tested.needs;
    config.set(key, new Secret('the second secret'), 'cli');
    expect(own.text('flavour: sweet\ncolour=red the first secret, the second secret')).toBe(
      'flavour: "********"\ncolour=******** ********, ********',
    );
    expect(own.data({ flavour: 'sweet' })).toEqual({ flavour: '********' });
  });
});
