import { expect, it } from 'vitest';
import { component, Lifecycle, supply } from '../../src/fx/index.ts';
import { testApp } from '../../src/fx/testing.ts';
import { configOf } from '../config/fake.ts';
import { Config } from '../config/index.ts';
import { Healthprobe, type HealthStatus } from '../healthprobe/index.ts';
import { fakeLog, type Logged } from '../log/fake.ts';
import { announcement } from './log.ts';

/** A health catalog of what has been registered and not taken back. */
function catalog(): { readonly probe: Healthprobe; readonly unready: Set<string> } {
  const unready = new Set<string>();
  const status = (): HealthStatus => ({ healthy: [], unhealthy: [...unready] });
  const register: Healthprobe['register'] = (_, name) => {
    unready.add(name);
    return { taken: () => {}, deregister: () => void unready.delete(name) };
  };
  return { probe: { register, status }, unready };
}

async function run({ warnings = [], unhealthy = [] }: { warnings?: readonly string[]; unhealthy?: readonly string[] } = {}) {
  const logged: Logged[] = [];
  const { probe, unready } = catalog();
  const seen: (readonly string[])[] = [];
  const watcher = component({
    name: 'watcher',
    requires: { lifecycle: Lifecycle },
    create: ({ lifecycle }) => lifecycle.append({ start: () => void seen.push([...unready]), ready: () => void seen.push([...unready]) }),
  });
  const config = Object.assign(configOf(), { warnings });
  const tested = await testApp([supply(Config, config), fakeLog(logged), supply(Healthprobe, probe), announcement, watcher]);
  seen.push([...unready]);
  unhealthy.forEach((name) => unready.add(name));
  await tested.stop();
  return { logged: logged.map(({ level, message }) => `${level} ${message}`), seen };
}

it('keeps the agent unready until everything has started', async () => {
  const { seen } = await run();
  expect(seen).toEqual([['cluster-agent-start'], [], []]);
});

it('says that everything runs, and says farewell', async () => {
  expect((await run()).logged).toEqual(['info All components started. Cluster Agent now running.', 'info See ya!']);
});

it('says what was wrong with the configuration, and who was unhealthy at the end', async () => {
  const { logged } = await run({ warnings: ['unknown key: logg_level'], unhealthy: ['a', 'b'] });
  expect(logged).toEqual([
    'warn unknown key: logg_level',
    'info All components started. Cluster Agent now running.',
    'warn Some components were unhealthy: [a b]',
    'info See ya!',
  ]);
});
