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
  const known = entryOf(name);
  try {
    if (name === undefined || name === 'help') return await help(rest, terminal);
    if (known === undefined) throw new UsageError(`there is no command "${name}"${suggestion(name)}`);
    return await call(known, rest, terminal);
  } catch (error) {
    terminal.warn(`Error: ${messageOf(error)}`);
    if (!(error instanceof UsageError)) return 1;
    terminal.warn(`Run "cluster-agent ${known === undefined ? '' : `${name} `}--help" for what it takes.`);
    return 2;
  }
}

function entryOf(name = ''): Entry | undefined {
  const real = Object.hasOwn(aliases, name) ? (aliases[name] ?? name) : name;
  return Object.hasOwn(commands, real) ? commands[real] : undefined;
}

async function call({ summary, load }: Entry, rest: string[], given: Terminal): Promise<number> {
  const { command } = await load();
  const { values, positionals } = parse(rest, command);
  if (values['help'] === true) {
    given.print(helpOf(summary, command));
    return 0;
  }
  if (positionals.length > (command.positionalsMax ?? 0)) throw new UsageError(`unexpected argument "${positionals.at(-1)}"`);
  const { cfgpath, 'no-color': noColor } = values;
  const terminal = noColor === true ? plain(given) : given;
  return command.run({ values, positionals, terminal, configPath: typeof cfgpath === 'string' ? cfgpath : undefined });
}

function parse(args: string[], { options }: Pick<Command, 'options'>): ReturnType<typeof parseAll> {
  try {
    return parseAll(args, options);
  } catch (error) {
    // Node throws a TypeError for a flag that it does not know: that is the caller's mistake, and none of ours.
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function parseAll(args: string[], options: Options): { values: Record<string, string | boolean>; positionals: string[] } {
  const { values, positionals } = parseArgs({ args, options: { ...globalOptions, ...options }, allowPositionals: true });
  return { values, positionals };
}

/** The first argument that is no flag, and the others: global flags may come before it. `--version` is a command for many. */
function commandIn(args: readonly string[]): [string | undefined, string[]] {
  const { tokens } = parseArgs({ args: [...args], options: globalOptions, strict: false, tokens: true });
  const first = tokens.find(({ kind }) => kind === 'positional');
  if (first === undefined && args.includes('--version')) return ['version', args.filter((each) => each !== '--version')];
  return [first === undefined ? undefined : args[first.index], args.filter((_, index) => index !== first?.index)];
}

/** Of one command, or of all. */
async function help(args: string[], terminal: Terminal): Promise<number> {
  const [name, rest] = commandIn(args);
  const entry = entryOf(name);
  if (entry !== undefined) return call(entry, ['--help'], terminal);
  if (name !== undefined) throw new UsageError(`there is no command "${name}"${suggestion(name)}`);
  const { values } = parse(rest, { options: {} });
  if (rest.length > 0 && values['help'] !== true) throw new UsageError('a command is missing');
  terminal.print(overview(Object.entries(commands).map(([each, { summary }]) => [each, summary] as const)));
  return 0;
}

/** Of the commands that begin most like what was typed, where that is more than two letters, the one that is most like it. */
function suggestion(typed: string): string {
  for (let length = typed.length; length > 2; length -= 1) {
    const near = Object.keys(commands).filter((name) => name.startsWith(typed.slice(0, length)));
    const [nearest] = near.toSorted((a, b) => lettersInCommon(typed, b) - lettersInCommon(typed, a));
    if (nearest !== undefined) return `; did you mean "${nearest}"?`;
  }
  return '';
}

function lettersInCommon(one: string, other: string): number {
  const left = other.split('');
  return one.split('').filter((letter) => left.includes(letter) && left.splice(left.indexOf(letter), 1)).length;
}

/** Errors that are mistakes of ours: only their stack helps. */
const mistakes: readonly unknown[] = [TypeError, ReferenceError, RangeError, SyntaxError];

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return mistakes.includes(error.constructor) ? (error.stack ?? error.message) : error.message;
}
