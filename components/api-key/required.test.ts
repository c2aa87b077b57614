import { describe, expect, it } from 'vitest';
import { many, supply } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { configOf } from '../config/fake.ts';
import { Config, configSettings } from '../config/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { Secret } from '../secrets/index.ts';
import { StatusProvider } from '../status/index.ts';
import { requiredApiKey } from './required.ts';

function started(values: Readonly<Record<string, unknown>>) {
  const remembered: string[] = [];
  const config = configOf(values);
  const scrubber = supply(Scrubber, { text: (text) => text, data: (value) => value, remember: (secret) => void remembered.push(secret) });
  const app = () => testApp([supply(Config, config), scrubber, requiredApiKey], { requires: { status: many(StatusProvider) } });
  return { app, config, remembered };
}

const key = '0123456789abcdef0123456789abcdef';

describe('the API key', () => {
  it('must be set', async () => {
    await expect(started({}).app()).rejects.toThrow('no API key configured, exiting');
  });

  it('may be set to nothing', async () => {
    await using tested = await started({ api_key: '' }).app();
    const [status] = tested.needs.status;
    expect(await status?.text({ verbose: false })).toBe('\nNo endpoints information. The agent may be misconfigured.\n');
    expect(await status?.json({ verbose: false })).toEqual({ endpointsInfos: {} });
  });

  it('is kept out of everything that is shown, also when it changes, but for its end', async () => {
    const { app, config, remembered } = started({ api_key: key, app_key: 'application-key', site: 'datadoghq.eu' });
    await using tested = await app();
    config.set(configSettings.apiKey, new Secret('another-key-12345'), 'agent-runtime');
    expect(remembered).toEqual([key, 'application-key', 'another-key-12345', 'application-key']);
    const [status] = tested.needs.status;
    expect(await status?.text({ verbose: false })).toBe('\n  https://app.datadoghq.eu - API Key ending with:\n      - 12345\n');
    expect(await status?.json({ verbose: false })).toEqual({ endpointsInfos: { 'https://app.datadoghq.eu': ['12345'] } });
  });
});
