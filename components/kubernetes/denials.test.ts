import { expect, it } from 'vitest';
import { testApp } from '../../src/fx/testing.ts';
import { Denials, rememberedDenials } from './denials.ts';
import { KubernetesError } from './index.ts';

const forbidden = (message: string): KubernetesError => new KubernetesError(message, { code: 403, reason: 'Forbidden' });
const byRbac = forbidden('pods is forbidden: User "agent" cannot list resource "pods" in API group "" at the cluster scope');
const call = (name: string) => ({ verb: 'get', resource: 'configmaps', namespace: 'default', name });

it('takes only refusals of RBAC for denials', async () => {
  await using tested = await testApp([rememberedDenials], { requires: { denials: Denials } });
  const { denials } = tested.needs;
  denials.refused(call('quota'), forbidden('configmaps "quota" is forbidden: exceeded quota: small'));
  denials.refused(call('webhook'), forbidden('admission webhook "policy.example.com" denied the request: cannot be'));
  denials.refused(call('conflict'), new KubernetesError('cannot get resource "x"', { code: 409, reason: 'Conflict' }));
  expect(denials.all).toEqual([]);
  denials.refused(
    { verb: 'get', resource: '/metrics', namespace: undefined, name: undefined },
    forbidden('User "agent" cannot get path "/metrics"'),
  );
  expect(denials.all).toMatchObject([{ resource: '/metrics', count: 1 }]);
});

it('keeps the latest two hundred', async () => {
  await using tested = await testApp([rememberedDenials], { requires: { denials: Denials } });
  const { denials } = tested.needs;
  for (let index = 0; index < 250; index += 1) {
    denials.refused(call(`map-${index}`), byRbac);
    denials.refused(call('always'), byRbac);
  }
  expect(denials.all).toHaveLength(200);
  expect(denials.all.find(({ name }) => name === 'always')?.count).toBe(250);
  expect(denials.all.find(({ name }) => name === 'map-50')).toBeUndefined();
  denials.granted(call('always'));
  expect(denials.all.find(({ name }) => name === 'always')).toBeUndefined();
});
