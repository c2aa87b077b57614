import { expect, it } from 'vitest';
import { electionStatus } from './election-status.ts';

const options = { verbose: false };

it('shows the record', async () => {
  const time = Date.UTC(2024, 6, 29, 17, 5, 39);
  const record = {
    holderIdentity: 'agent-7c9',
    leaseDurationSeconds: 60,
    acquireTime: time,
    renewTime: time + 15_000,
    leaderTransitions: 3,
  };
  const status = electionStatus(() => Promise.resolve(record));
  expect([status.name, status.section]).toEqual(['Leader Election', 'Leader Election']);
  expect(await status.json(options)).toEqual({
    leaderelection: {
      status: 'Running',
      leaderName: 'agent-7c9',
      acquiredTime: 'Mon, 29 Jul 2024 17:05:39 UTC',
      renewedTime: 'Mon, 29 Jul 2024 17:05:54 UTC',
      transitions: '3 transitions',
    },
  });
  expect(await status.text(options)).toBe(
    '  Leader Election Status:  Running\n  Leader Name is: agent-7c9\n  Last Acquisition of the lease: Mon, 29 Jul 2024 17:05:39 UTC\n' +
      '  Renewed leadership: Mon, 29 Jul 2024 17:05:54 UTC\n  Number of leader transitions: 3 transitions\n',
  );
});

it('shows why there is none', async () => {
  const status = electionStatus(() => Promise.reject(new Error('entity not found')));
  expect(await status.json(options)).toEqual({ leaderelection: { status: 'Failing', error: 'entity not found' } });
  expect(await status.text(options)).toBe('  Leader Election Status:  Failing\n  Error: entity not found\n');
});

it('says so where a record has no times', async () => {
  const record = { holderIdentity: 'agent', leaseDurationSeconds: 60, leaderTransitions: 0 };
  expect(await electionStatus(() => Promise.resolve(record)).text(options)).toContain('Renewed leadership: never\n');
});
