import { version } from '../version.ts';
import { defineCommand } from './command.ts';

export const command = defineCommand({
  usage: ['version'],
  options: {},
  run({ terminal }) {
    const { major, minor, patch, pre, meta, commit } = version;
    const number = `${major}.${minor}.${patch}${pre === '' ? '' : `-${pre}`}`;
    const parts = [`Cluster Agent ${number}`, ...(meta === '' ? [] : [`Meta: ${meta}`]), `Commit: ${commit}`];
    terminal.print([...parts, 'Serialization version: none', `Go version: none, Node ${process.versions.node}`].join(' - '));
    return 0;
  },
});
