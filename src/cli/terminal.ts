import { styleText } from 'node:util';

/** What a command reads from and writes to. */
export interface Terminal {
  /** A line, or several, to standard output. A command that cannot say what it has to say has failed. */
  print(text: string): void;
  /** A line to standard error. Commands that succeed write none. */
  warn(text: string): void;
  readonly input: AsyncIterable<Uint8Array | string>;
  /** Asks a person for a line; empty where there is none. */
  ask(question: string): Promise<string>;
  /** Red or green where standard output takes colours. */
  paint(color: 'red' | 'green', text: string): string;
  /** Ends the process if output still waits for somebody to take it, as in a pipe that nobody reads: it would wait forever. */
  leave(exitCode: number): void;
}

export const systemTerminal: Terminal = {
  print: (text) => void process.stdout.write(`${text}\n`, printed),
  warn: (text) => void process.stderr.write(`${text}\n`),
  // Opened when it is asked for: it is a stream of its own, and few commands read.
  get input() {
    return process.stdin;
  },
  ask: askPerson,
  // Looks at NO_COLOR, FORCE_COLOR and whether the stream is a terminal.
  paint: (color, text) => styleText(color, text, { stream: process.stdout }),
  leave(exitCode) {
    if (process.stdout.writableLength === 0) return;
    process.stderr.write('nobody takes the output: what was left of it is lost\n');
    process.exit(exitCode);
  },
};

function printed(error: NodeJS.ErrnoException | null | undefined): void {
  // `cluster-agent config schema | head`: whoever reads no further is no failure.
  if (error === null || error === undefined || error.code === 'EPIPE') return;
  if (process.exitCode === undefined) systemTerminal.warn(`Error: cannot write to standard output: ${error.message}`);
  process.exitCode = 1;
}

/** The same without colours. */
export function plain(terminal: Terminal): Terminal {
  return {
    print: (text) => terminal.print(text),
    warn: (text) => terminal.warn(text),
    get input() {
      return terminal.input;
    },
    ask: (question) => terminal.ask(question),
    paint: (_, text) => text,
    leave: (exitCode) => terminal.leave(exitCode),
  };
}

async function askPerson(question: string): Promise<string> {
  if (!process.stdin.isTTY) return '';
  const { createInterface } = await import('node:readline/promises');
  const reading = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await reading.question(question);
  } finally {
    reading.close();
  }
}
