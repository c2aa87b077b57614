import { parseArgs } from 'node:util';
import { globalOptions, UsageError, type Command, type Options } from './command.ts';
import { helpOf, overview } from './help.ts';
import { plain, type Terminal } from './terminal.ts';

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

/** Every command, in the order in which the help lists them. */
export const commands: Readonly<Record<string, Entry>> = {
  start: { summary: 'start the cluster agent', load: () => import('./start.ts') },
  status: { summary: 'print what the running agent is doing', load: () => import('./status.ts') },
  health: { summary: 'print whether its components are healthy', load: () => import('./health.ts') },
  startup: { summary: 'print how its start went, step by step', load: () => import('./startup.ts') },
  stop: { summary: 'stop the running agent', load: () => import('./stop.ts') },
  config: { summary: 'print its configuration; read and change settings', load: () => import('./config.ts') },
  configcheck: { summary: 'print the check configurations that it has found', load: () => import('./configcheck.ts') },
  'external-metrics': {
    summary: 'print its external metrics, and what autoscalers make of them',
    load: () => import('./external-metrics.ts'),
  },
  diagnose: { summary: 'check what it depends on', load: () => import('./diagnose.ts') },
  flare: { summary: 'collect an archive for support', load: () => import('./flare.ts') },
  telemetry: { summary: 'print its own metrics', load: () => import('./telemetry.ts') },
  plan: { summary: 'print what a start would do, in order, and why', load: () => import('./plan.ts') },
  graph: { summary: 'draw what depends on what', load: () => import('./graph.ts') },
  explain: { summary: 'say why a component is, or is not, in the agent', load: () => import('./explain.ts') },
  validate: { summary: 'check the configuration and the composition, start nothing', load: () => import('./validate.ts') },
  'secret-helper': { summary: 'read secrets for secret_backend_command', load: () => import('./secret-helper.ts') },
  version: { summary: 'print the version', load: () => import('./version.ts') },
};

const aliases: Readonly<Record<string, string>> = { checkconfig: 'configcheck' };

/** @returns the exit code: 0, 1 for what failed, 2 for a call that makes no sense, or the command's own */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, rest] = commandIn(args);
  try {
    if (name === undefined || name === 'help') return showOverview(rest, terminal);
    const entry = commands[aliases[name] ?? name];
    if (entry === undefined) throw new UsageError(`there is no command "${name}"${suggestion(name)}`);
    const { command } = await entry.load();
    return await call(command, { name, rest, terminal });
  } catch (error) {
    terminal.warn(`Error: ${messageOf(error)}`);
    if (!(error instanceof UsageError)) return 1;
    terminal.warn(`Run "cluster-agent ${name !== undefined && name in commands ? `${name} ` : ''}--help" for what it takes.`);
    return 2;
  }
}

async function call(command: Command, given: { name: string; rest: string[]; terminal: Terminal }): Promise<number> {
  const { values, positionals } = parse(given.rest, command);
  if (values['help'] === true) {
    given.terminal.print(helpOf(commands[aliases[given.name] ?? given.name]?.summary ?? '', command));
    return 0;
  }
  if (positionals.length > (command.positionalsMax ?? 0)) throw new UsageError(`unexpected argument "${positionals.at(-1)}"`);
  const { cfgpath, 'no-color': noColor } = values;
  const terminal = noColor === true ? plain(given.terminal) : given.terminal;
  return command.run({ values, positionals, terminal, configPath: typeof cfgpath === 'string' ? cfgpath : undefined });
}

function parse(args: string[], { options }: Pick<Command, 'options'>): ReturnType<typeof parseAll> {
  try {
    return parseAll(args, options);
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

function parseAll(args: string[], options: Options): { values: Record<string, string | boolean>; positionals: string[] } {
  const { values, positionals } = parseArgs({ args, options: { ...globalOptions, ...options }, allowPositionals: true });
  return { values, positionals };
}

/** The first argument that is no flag, and the others: global flags may come before it. */
function commandIn(args: readonly string[]): [string | undefined, string[]] {
  const { tokens } = parseArgs({ args: [...args], options: globalOptions, strict: false, tokens: true });
  const first = tokens.find(({ kind }) => kind === 'positional');
  return [first === undefined ? undefined : args[first.index], args.filter((_, index) => index !== first?.index)];
}

function showOverview(rest: string[], terminal: Terminal): number {
  const { values } = parse(rest, { options: {} });
  if (rest.length > 0 && values['help'] !== true) throw new UsageError('a command is missing');
  terminal.print(overview(Object.entries(commands).map(([name, { summary }]) => [name, summary] as const)));
  return 0;
}

/** The command that begins most like what was typed, where that is more than two letters. */
function suggestion(typed: string): string {
  for (let length = typed.length; length > 2; length -= 1) {
    const near = Object.keys(commands).find((name) => name.startsWith(typed.slice(0, length)));
    if (near !== undefined) return `; did you mean "${near}"?`;
  }
  return '';
}

/** Errors that are mistakes of ours: only their stack helps. */
const mistakes: readonly unknown[] = [TypeError, ReferenceError, RangeError, SyntaxError];

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return mistakes.includes(error.constructor) ? (error.stack ?? error.message) : error.message;
}
