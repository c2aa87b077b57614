import type { StatusProvider } from '../status/index.ts';
import type { LeaderRecord } from './record.ts';

type Fields = Readonly<Record<string, string>>;

/** The section of the status page: the record as it stands in the lock now. */
export function electionStatus(read: () => Promise<LeaderRecord>): StatusProvider {
  const fields = (): Promise<Fields> => read().then(running, failing);
  return {
    name: 'Leader Election',
    section: 'Leader Election',
    json: async () => ({ leaderelection: await fields() }),
    text: async () => textOf(await fields()),
  };
}

function running({ holderIdentity, acquireTime, renewTime, leaderTransitions }: LeaderRecord): Fields {
  return {
    leaderName: holderIdentity,
    acquiredTime: rfc1123(acquireTime),
    renewedTime: rfc1123(renewTime),
    transitions: `${leaderTransitions} transitions`,
    status: 'Running',
  };
}

function failing(error: unknown): Fields {
  return { status: 'Failing', error: error instanceof Error ? error.message : String(error) };
}

function textOf({ status, error, leaderName, acquiredTime, renewedTime, transitions }: Fields): string {
  const lines =
    status === 'Failing'
      ? [`Error: ${error}`]
      : [
          `Leader Name is: ${leaderName}`,
          `Last Acquisition of the lease: ${acquiredTime}`,
          `Renewed leadership: ${renewedTime}`,
          `Number of leader transitions: ${transitions}`,
        ];
  return [`Leader Election Status:  ${status}`, ...lines].map((line) => `  ${line}\n`).join('');
}

/** As Go writes it in UTC. */
function rfc1123(time: number | undefined): string {
  return time === undefined ? 'never' : new Date(time).toUTCString().replace('GMT', 'UTC');
}
