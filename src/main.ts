import { runCommand } from './cli/commands.ts';
import { systemTerminal } from './cli/terminal.ts';

/** The binary: arguments -> subcommand -> exit code. Whatever a command needs is imported by that command. */
async function main(): Promise<void> {
  process.exitCode = await runCommand(process.argv.slice(2), systemTerminal);
}

// `cluster-agent config schema | head`: whoever reads no further is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

// Not awaited: the bundle is CommonJS, which cannot. What fails is told by the command.
void main();
