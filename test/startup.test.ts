import { describe, expect, it } from 'vitest';
import { clusterAgent, planClusterAgent } from '../src/cluster-agent.ts';
import { faultInject } from '../src/fx/testing.ts';
import { supply } from '../src/fx/index.ts';
import { Config } from '../components/config/index.ts';
import { configOf } from '../components/config/fake.ts';
import { startupRecorder } from '../components/startup/recorder.ts';
import { configIn, surroundings } from './agent/support.ts';
import { everything, flow } from './startup-flow.ts';

describe('the start of the agent', () => {
  it('has the steps of the Go agent, in its order, behind its gates', () => {
    const { order, findings } = planClusterAgent(configOf(everything)).plan();
    expect(findings).toEqual([]);
    const steps: ReadonlyMap<string, string> = new Map(flow.map(([step, component]) => [component, step]));
    const planned = order.filter(({ component }) => steps.has(component));
    expect(planned.map(({ component, when, onFailure }) => [steps.get(component), component, when, onFailure])).toEqual(flow);
  });

  it.each([[everything], [{}]])('is complete with %j', (values) => {
    expect(planClusterAgent(configOf(values)).validate()).toEqual([]);
  });

  it('without leader election leads at once', () => {
    const { order, absent } = planClusterAgent(configOf({ leader_election: false })).plan();
    expect(order.find(({ component }) => component === 'leader-election')?.place).toContain('always-leader.ts');
    expect(absent).toContainEqual(
      expect.objectContaining({ component: 'leader-election', because: expect.stringContaining('leader_election') }),
    );
  });

  it('starts with what everything stands on, and ends with saying so', () => {
    const { order } = planClusterAgent(configOf(everything)).plan();
    expect(order[0]?.component).toBe('config');
    expect(order.at(-1)?.component).toBe('announcement');
  });
});

describe('every fault of every component', () => {
  it('stops what had started, in reverse, and names the culprit', { timeout: 300_000 }, async () => {
    await using around = await surroundings();
    const config = await configIn(around);
    const list = [supply(Config, config), startupRecorder().component, ...clusterAgent];
    const cases = await faultInject(list, { settings: (key) => config.lookup(key) });
    expect(cases).toBeGreaterThan(40 * 6);
  });
});
