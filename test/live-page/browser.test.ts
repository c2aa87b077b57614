import { chromium as playwright, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentVersion } from '../../components/agent-version/index.ts';
import { ApiServer } from '../../components/api-server/index.ts';
import { muxedApiServer } from '../../components/api-server/muxed.ts';
import { fakeAuthTokens, fakeTokens } from '../../components/auth-token/fake.ts';
import { fakeConfig } from '../../components/config/fake.ts';
import { livePage } from '../../components/live-page/routes.ts';
import { fakeLog } from '../../components/log/fake.ts';
import { rulesScrubber } from '../../components/scrubber/rules.ts';
import { startupRecorder } from '../../components/startup/recorder.ts';
import { prometheusTelemetry } from '../../components/telemetry/prometheus.ts';
import { component, Jobs, supply } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { chromium } from './chromium.ts';

const executablePath = chromium();
if (executablePath === undefined)
  process.stdout.write('live page: not looked at in a browser, because there is no chromium and none can be installed\n');

const broken = component({
  name: 'broken',
  requires: { jobs: Jobs },
  create: ({ jobs }) => jobs.oneShot({ name: 'never', run: () => Promise.reject(new Error('no <luck> today')) }),
});

function agent() {
  const recorder = startupRecorder();
  const list = [
    recorder.component,
    fakeConfig({ 'cluster_agent.cmd_port': 0 }),
    fakeLog(),
    fakeAuthTokens(),
    supply(AgentVersion, { major: 7, minor: 60, patch: 0, pre: '', meta: '', commit: 'abcdef01' }),
    rulesScrubber,
    prometheusTelemetry,
    muxedApiServer,
    livePage,
    broken,
  ] as const;
  return testApp(list, { requires: { api: ApiServer }, sinks: [recorder.sink] });
}

describe.runIf(executablePath !== undefined)('the live page in a browser', () => {
  let browser: Browser;

  beforeAll(async () => {
    const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic'];
    browser = await playwright.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox', '--disable-gpu', ...quiet] });
  });
  afterAll(() => browser.close());

  async function open(port: number, fragment = ''): Promise<{ readonly page: Page; readonly complaints: string[] }> {
    const page = await browser.newPage({ ignoreHTTPSErrors: true, viewport: { width: 1400, height: 1000 } });
    const complaints: string[] = [];
    page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
    page.on('pageerror', (error) => void complaints.push(error.message));
    await page.goto(`https://localhost:${port}/ui${fragment}`);
    return { page, complaints };
  }

  it('asks for the token, shows nothing without the right one, and everything with it', async () => {
    await using tested = await agent();
    const { page, complaints } = await open(tested.needs.api.port);
    await page.getByLabel('Session token').fill('wrong-token-wrong-token-wrong-token');
    await page.getByRole('button').click();
    await page.getByText('The agent refuses this token.').waitFor();
    expect(await page.locator('.node').count()).toBe(0);
    complaints.splice(0); // the browser itself tells of the 403

    await page.getByLabel('Session token').fill(fakeTokens.session);
    await page.getByRole('button').click();
    await page.getByRole('heading', { name: 'Components' }).waitFor();
    const nodes = await page.locator('.node').count();
    expect(nodes).toBe(tested.app.report().components.length);
    expect(await page.getByText('no <luck> today').count()).toBeGreaterThan(0);
    expect(await page.getByText('Everything has started').count()).toBe(1);
    expect(await page.locator('.timeline .row').count()).toBeGreaterThan(1);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('lights up what a component needs, and takes the token out of the address', async () => {
    await using tested = await agent();
    const { page, complaints } = await open(tested.needs.api.port, `#token=${fakeTokens.session}`);
    const server = page.locator('.node', { hasText: 'live-page' }).first();
    await server.waitFor();
    expect(page.url()).not.toContain(fakeTokens.session);
    const id = await server.getAttribute('id');
    const edges = `[...document.querySelectorAll('.edge.f${id?.slice(1) ?? ''}')]`;
    const strokes = (): Promise<string[]> => page.evaluate(`${edges}.map((edge) => getComputedStyle(edge).stroke)`);
    await page.mouse.move(0, 0);
    const before = await strokes();
    await server.hover();
    await expect.poll(strokes).not.toEqual(before);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
