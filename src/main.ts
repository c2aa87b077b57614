import { runCommand } from './cli/commands.ts';
import { systemTerminal } from './cli/terminal.ts';

/** The binary: arguments -> subcommand -> exit code. Whatever a command needs is imported by that command. */
async function main(): Promise<void> {
  const exitCode = await runCommand(process.argv.slice(2), systemTerminal);
  // What could not be printed has made it 1 already.
  if (exitCode !== 0) process.exitCode = exitCode;
}

// Each write that fails is told so itself; without a listener the process would end.
process.stdout.on('error', () => {});

// Not awaited: the bundle is CommonJS, which cannot. What fails is told by the command.
void main();
