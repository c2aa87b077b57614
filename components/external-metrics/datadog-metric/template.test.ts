import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { templates } from './template.ts';

const env = { STAGE: 'prod', MY_TEAM: 'a$&b', EMPTY: '', DD_API_KEY: 'canary' };
const given = { env, isSecret: (_: string, value: string) => value === 'canary', clusterName: () => 'blue' };
const resolve = templates(given);

describe('templates', () => {
  it.each([
    ['avg:a{*}', 'avg:a{*}'],
    ['avg:a{stage:%%env_STAGE%%,cluster:%%tag_kube_cluster_name%%}', 'avg:a{stage:prod,cluster:blue}'],
    ['avg:a{%%env_MY_TEAM%%,%%env_MY_TEAM%%}', 'avg:a{a$&b,a$&b}'],
    ['avg:a{%% env_STAGE %%}', 'avg:a{prod}'],
    ['avg:a{%%env_EMPTY%%}', 'avg:a{}'],
    ['avg:a{*} > 50%%', 'avg:a{*} > 50%%'],
  ])('resolves %s', (query, resolved) => expect(resolve(query)).toEqual({ query: resolved }));

  it.each([
    ['%%env_NONE%%', 'failed to retrieve env var "NONE"'],
    ['%%env%%', 'failed to retrieve env var ""'],
    ['%%env_DD_API_KEY%%', 'env var "DD_API_KEY" holds a secret, which is for no query'],
    ['%%tag_pod_name%%', 'cannot resolve tag template "pod_name": tag is not supported'],
    ['%%host_port%%', 'template variable "host" is unknown'],
  ])('says why it cannot resolve %s', (query, why) => expect(resolve(query)).toEqual({ problem: `Cannot resolve query: ${why}` }));

  it('says that the name of the cluster is not known', () => {
    const { problem } = { problem: '', ...templates({ ...given, clusterName: () => '' })('%%tag_kube_cluster_name%%') };
    expect(problem).toContain('set cluster_name');
  });

  it('makes a query or a problem of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('%', '%%', 'env', '_', 'STAGE', ' ', 'é', '\n') }), (query) => {
        expect(Object.values(resolve(query))).toEqual([expect.any(String)]);
      }),
    );
  });
});
