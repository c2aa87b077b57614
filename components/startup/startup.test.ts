import { expect, it } from 'vitest';
import { component, many } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { Route, type RouteRequest } from '../api-server/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { startupRecorder } from './recorder.ts';
import { startupRoute } from './route.ts';
import { StartupEvents, type StartupReport } from './index.ts';

const scrubber = component({
  provides: Scrubber,
  create: () => ({ text: (text) => text.replaceAll('hunter22', '********'), data: (value) => value, remember: () => {} }),
});
const slow = component({ name: 'slow', create: () => undefined, start: () => Promise.resolve() });
const broken = component({
  name: 'broken',
  onFailure: 'continue',
  create: () => {
    throw new Error('the password is hunter22');
  },
});

async function startedWith() {
  const recorder = startupRecorder();
  const list = [recorder.component, scrubber, startupRoute, slow, broken] as const;
  const tested = await testApp(list, { requires: { routes: many(Route), events: StartupEvents }, sinks: [recorder.sink] });
  const [route] = tested.needs.routes;
  const report = async (): Promise<StartupReport> => {
    const { body } = (await route?.handle({} as RouteRequest)) ?? {};
    return JSON.parse(body as string) as StartupReport;
  };
  return { tested, report, recorder };
}

it('tells how the start went, from the first event on', async () => {
  const { tested, report } = await startedWith();
  await using _ = tested;
  const { plan, report: became, events, tookMs } = await report();
  expect(plan.order.map(({ component: name }) => name)).toContain('slow');
  expect(became.components.find(({ component: name }) => name === 'slow')).toMatchObject({
    state: 'started',
    hooks: [{ state: 'started' }],
  });
  expect(events[0]).toMatchObject({ kind: 'Provided' });
  expect(events.at(-1)).toMatchObject({ kind: 'Started' });
  expect(tookMs).toBeGreaterThan(0);
});

it('shows why a component failed, without its secrets', async () => {
  const { tested, report } = await startedWith();
  await using _ = tested;
  const text = JSON.stringify(await report());
  expect(text).toContain('the password is ********');
  expect(text).not.toContain('hunter22');
});

it('keeps the whole start, and only the latest of what comes after', async () => {
  const { tested, recorder } = await startedWith();
  await using _ = tested;
  const { all: atStart } = tested.needs.events;
  for (let at = 0; at < 2000; at += 1) recorder.sink({ kind: 'Stopped', at });
  const { all } = tested.needs.events;
  expect(all.slice(0, atStart.length)).toEqual(atStart);
  expect(all.length).toBe(atStart.length + 500);
  expect(all.at(-1)).toMatchObject({ at: 1999 });
});
