import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { defineCommand } from './command.ts';
import { connect } from './composition.ts';

export const command = defineCommand({
  usage: ['status [FLAGS]'],
  options: {
    json: { type: 'boolean', short: 'j', description: 'as JSON' },
    'pretty-json': { type: 'boolean', short: 'p', description: 'as JSON, indented' },
    file: { type: 'string', short: 'o', value: 'FILE', description: 'write it to a file instead' },
    verbose: { type: 'boolean', short: 'v', description: 'say more' },
  },
  // `status collector` is what scripts of the Go agent call; the section is ignored there too.
  positionalsMax: 1,
  async run({ values, configPath, terminal }) {
    terminal.print('Getting the status from the agent.');
    const isJson = values.json === true || values['pretty-json'] === true;
    const agent = await connect(configPath);
    const answer = await agent.get(`/status?format=${isJson ? 'json' : 'text'}${values.verbose === true ? '&verbose=true' : ''}`);
    const status = values['pretty-json'] === true ? JSON.stringify(JSON.parse(answer), undefined, 2) : answer;
    if (values.file === undefined) terminal.print(status);
    else await writeFile(resolve(values.file), status, { mode: 0o644 });
    return 0;
  },
});
