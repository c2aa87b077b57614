import { describe, expect, it } from 'vitest';
import { manualClock } from '../../src/fx/testing.ts';
import { type Logged, recordingLog } from '../log/fake.ts';
import { KubernetesError, type KubernetesClient, UnreachableError } from './index.ts';
import { waitForApi } from './wait-for-api.ts';

const unreachable = new UnreachableError('GET https://api/version: connect ECONNREFUSED', { code: 'ECONNREFUSED' });

const version = { major: '1', minor: '36' };

/** An API server that answers with these, one after the other; the last one stands. */
function waiting(answers: readonly unknown[]) {
  const clock = manualClock();
  const logged: Logged[] = [];
  const askedAt: number[] = [];
  const raw = async (): Promise<unknown> => {
    const answer = answers[Math.min(askedAt.push(clock.now()), answers.length) - 1];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const client: Pick<KubernetesClient, 'raw'> = { raw: raw as KubernetesClient['raw'] };
  const controller = new AbortController();
  return { clock, logged, askedAt, controller, done: waitForApi({ client, clock, log: recordingLog(logged) }, controller.signal) };
}

describe('waitForApi', () => {
  it('waits for a second, then twice as long, up to 5 minutes', async () => {
    const { clock, askedAt, done } = waiting([...Array.from({ length: 11 }, () => unreachable), version]);
    await clock.advance(3_600_000);
    await done;
    const waits = askedAt.slice(1).map((at, index) => (at - (askedAt[index] ?? 0)) / 1000);
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    expect(clock.pending).toBe(0);
  });

  it('logs each failure once, until it is another one, and the end', async () => {
    const unauthorized = new KubernetesError('GET /version: Unauthorized', { code: 401, reason: 'Unauthorized' });
    const { clock, logged, done } = waiting([unreachable, unreachable, unauthorized, unauthorized, unreachable, version]);
    await clock.advance(60_000);
    await done;
    expect(logged.map(({ level, fields }) => [level, fields['error']])).toEqual([
      ['warn', unreachable],
      ['warn', unauthorized],
      ['warn', unreachable],
      ['info', undefined],
    ]);
  });

  it('says nothing where the API server answers at once', async () => {
    const { logged, done } = waiting([version]);
    await done;
    expect(logged).toEqual([]);
  });

  it.each([
    ['text', '<html></html>'],
    ['nothing', null],
    ['a list', []],
    ['another object', {}],
  ])('takes %s for no answer', async (_, answer) => {
    const { clock, logged, done } = waiting([answer, version]);
    await clock.advance(1000);
    await done;
    expect(String(logged[0]?.fields['error'])).toContain('something else than an API server listens there');
  });

  it('takes being forbidden to ask for the version as an answer', async () => {
    const { done } = waiting([new KubernetesError('no', { code: 403, reason: 'Forbidden' })]);
    await done;
  });

  it('ends with the reason of its signal', async () => {
    const { clock, controller, done } = waiting([unreachable]);
    const result = expect(done).rejects.toThrow('stopping');
    await clock.advance(5000);
    controller.abort(new Error('stopping'));
    await result;
    expect(clock.pending).toBe(0);
  });
});
