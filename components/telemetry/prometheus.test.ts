import { describe, expect, it } from 'vitest';
import { testApp } from '../../src/fx/testing.ts';
import { Telemetry } from './index.ts';
import { prometheusTelemetry, seriesMax } from './prometheus.ts';

const started = () => testApp([prometheusTelemetry], { requires: { telemetry: Telemetry } });
const value = (text: string, series: string): number => Number(new RegExp(`^${series} (.*)$`, 'm').exec(text)?.[1]);

describe('metrics', () => {
  it('are named subsystem_name and counted by labels', async () => {
    await using tested = await started();
    const { telemetry } = tested.needs;
    const requests = telemetry.counter({ subsystem: 'api', name: 'requests', labels: ['handler'], help: 'Requests' });
    requests.add({ handler: 'a' });
    requests.add({ handler: 'a' }, 2);
    requests.add({ handler: 'b' });
    requests.remove({ handler: 'b' });
    telemetry.gauge({ subsystem: '', name: 'bare', help: 'Bare' }).add({}, -2);
    telemetry.histogram({ subsystem: 'api', name: 'elapsed', help: 'Elapsed', buckets: [1, 2] }).observe({}, 1.5);
    const text = await telemetry.text();
    expect(text).toContain('# HELP api_requests Requests\n# TYPE api_requests counter\napi_requests{handler="a"} 3\n');
    expect(text).not.toContain('handler="b"');
    expect(text).toContain('\nbare -2\n');
    expect(text).toContain('api_elapsed_bucket{le="1"} 0\napi_elapsed_bucket{le="2"} 1\napi_elapsed_bucket{le="+Inf"} 1\n');
  });

  it('are counted from one look to the next, and never down', async () => {
    await using tested = await started();
    const { telemetry } = tested.needs;
    const requests = telemetry.counter({ subsystem: 'api', name: 'requests', labels: ['handler'], help: 'Requests' });
    requests.add({ handler: 'a' }, 0);
    expect(await telemetry.text()).toContain('api_requests{handler="a"} 0\n');
    requests.add({ handler: 'a' }, 2);
    await telemetry.text();
    requests.add({ handler: 'a' }, 3);
    expect(await telemetry.text()).toContain('api_requests{handler="a"} 5\n');
    for (const wrong of [-1, Number.NaN, Infinity])
      expect(() => requests.add({ handler: 'a' }, wrong)).toThrow(`counter api_requests counts up, and not by ${wrong}`);
    expect(await telemetry.text()).toContain('api_requests{handler="a"} 5\n');
  });

  it('may be shared by several, but not as two different things', async () => {
    await using tested = await started();
    const { telemetry } = tested.needs;
    const queue = { subsystem: 'queue', name: 'added', labels: ['name'], help: 'Added' } as const;
    telemetry.counter(queue).add({ name: 'a' });
    telemetry.counter(queue).add({ name: 'a' });
    expect(await telemetry.text()).toContain('queue_added{name="a"} 2');
    expect(() => telemetry.gauge(queue)).toThrow(
      'metric queue_added is a counter with labels [name] already and cannot be a gauge with labels [name] too: give one of them another name',
    );
  });

  it('take no more label sets than they may, count what they refuse, and take new ones when old ones go', async () => {
    await using tested = await started();
    const { telemetry } = tested.needs;
    const nodes = telemetry.gauge({ subsystem: 'x', name: 'nodes', labels: ['node'], help: 'Nodes' });
    for (let number = 0; number < seriesMax + 3; number += 1) nodes.set({ node: `n${number}` }, 1);
    nodes.set({ node: 'n0' }, 7);
    const text = await telemetry.text();
    expect(text.match(/^x_nodes\{/gm)?.length).toBe(seriesMax);
    expect(text).toContain('x_nodes{node="n0"} 7');
    expect(text).toContain('telemetry_series_dropped{metric="x_nodes"} 3');
    nodes.remove({ node: 'n0' });
    nodes.set({ node: 'new' }, 1);
    expect(await telemetry.text()).toContain('x_nodes{node="new"} 1');
  });

  it('tell of the process', async () => {
    await using tested = await started();
    const text = await tested.needs.telemetry.text();
    expect(value(text, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    expect(value(text, 'process_virtual_memory_bytes')).toBeGreaterThan(10_000_000);
    expect(value(text, 'process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(text).toContain('# TYPE process_cpu_seconds_total counter\n');
    expect(text).toContain('# TYPE process_open_fds gauge\n');
    expect(value(text, 'process_open_fds')).toBeGreaterThan(2);
    expect(value(text, 'nodejs_eventloop_lag_max_seconds')).toBeGreaterThanOrEqual(0);
  });
});
