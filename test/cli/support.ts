import { runCommand } from '../../src/cli/commands.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

/** What a command wrote, and what it ended with. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in this process, as the binary does. */
export async function cli(args: readonly string[], input = ''): Promise<Ran> {
  const written = { out: '', err: '' };
  const terminal: Terminal = {
    print: (text) => void (written.out += `${text}\n`),
    warn: (text) => void (written.err += `${text}\n`),
    input: (async function* () {
      yield input;
    })(),
    ask: () => Promise.resolve(''),
    paint: (color, text) => `<${color}>${text}</${color}>`,
    leave: () => {},
  };
  return { code: await runCommand(args, terminal), ...written };
}
