import { hostname as osHostname } from 'node:os';
import { version } from '../version.ts';
import { CommandError, defineCommand, type Call } from './command.ts';
import { UnreachableAgentError } from './agent-client.ts';
import { profileOptions, profiles } from './flare-profiles.ts';
import { upload } from './flare-upload.ts';
import { connect, flareHere, support } from './composition.ts';

const options = {
  email: { type: 'string', short: 'e', value: 'ADDRESS', description: 'where support answers to' },
  send: { type: 'boolean', short: 's', description: 'upload it without asking' },
  ...profileOptions,
} as const;
type FlareCall = Call<typeof options>;

export const command = defineCommand({
  usage: ['flare [CASE] [FLAGS]'],
  options,
  positionalsMax: 1,
  async run(call) {
    const { terminal } = call;
    const path = await archive(call);
    terminal.print(`${path} is going to be uploaded to Datadog`);
    if (!(await isWanted(call))) {
      terminal.print(`Aborting. (You can still use ${path})`);
      return 0;
    }
    terminal.print(await send(path, call));
    return 0;
  },
});

/** The running agent knows most; without one, this process collects what lies on the disk. @returns the path of the archive */
async function archive(call: FlareCall): Promise<string> {
  const { configPath, terminal } = call;
  const taken = await profiles(call);
  terminal.print('Asking the Cluster Agent to build the flare archive.');
  try {
    const agent = await connect(configPath, { timeoutMs: 120_000 });
    const body = Object.keys(taken).length === 0 ? {} : { body: JSON.stringify(taken), contentType: 'application/json' };
    return (await agent.post('/flare', body)).trim();
  } catch (error) {
    if (!(error instanceof UnreachableAgentError)) throw error;
    terminal.print('The agent was unable to make the flare: it does not answer. Initiating flare locally.');
    return flareHere(configPath, error.message);
  }
}

async function isWanted({ values, terminal }: FlareCall): Promise<boolean> {
  if (values.send === true) return true;
  const answer = await terminal.ask('Are you sure you want to upload a flare? [y/N] ');
  return /^y(es)?$/i.test(answer.trim());
}

/** @returns what support says */
async function send(path: string, { values, positionals: [caseId = ''], configPath, terminal }: FlareCall): Promise<string> {
  const email = values.email ?? (await terminal.ask('Please enter your email: ')).trim();
  if (!email.includes('@')) throw new CommandError(`"${email}" is no email address; the archive stays at ${path}`);
  const { major, minor, patch } = version;
  const sent = { path, caseId, email, hostname: await hostname(configPath), agentVersion: `${major}.${minor}.${patch}` };
  return upload(sent, await support(configPath));
}

/** What the agent calls this host. */
async function hostname(configPath: string | undefined): Promise<string> {
  try {
    return String(JSON.parse(await (await connect(configPath)).get('/hostname')));
  } catch (error) {
    if (error instanceof CommandError) return osHostname();
    throw error;
  }
}
