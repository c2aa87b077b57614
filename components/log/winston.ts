import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type winstonPackage from 'winston';
import { Clock, component, Lifecycle, many, optional, Process } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { RuntimeSetting } from '../settings/index.ts';
import { Telemetry, type Counter } from '../telemetry/index.ts';
import { CallSites } from './call-site.ts';
import { dateFormat, jsonFormat, textFormat, type Format } from './format.ts';
import { levels, Log, LogSink, type Fields, type Level, type LogLine, type LogRecord } from './index.ts';
import { levelSetting, thresholdOf } from './level.ts';
import { linesMax, SinkQueue, sizeMax } from './queue.ts';
import { scrubbedRecord, sizeOf } from './record.ts';
import { logSettings } from './settings.ts';
import { Slices } from './slices.ts';

/** How long a flush waits for a sink that is stuck. */
const flushTimeoutMs = 3000;
/** Where winston keeps a finished line. */
const finished = Symbol.for('message');
/** winston's order: the most severe first. */
const severities = Object.fromEntries(levels.toReversed().map((level, index) => [level, index]));

interface Info {
  readonly level: Level;
  readonly message: string;
  readonly record: LogRecord;
  readonly [finished]?: string;
}

const requires = {
  config: Config,
  scrubber: Scrubber,
  clock: Clock,
  process: Process,
  lifecycle: Lifecycle,
  sinks: many(LogSink),
  telemetry: optional(Telemetry),
};

/**
 * The agent's log on winston: lines like the Go agent's, scrubbed, to every {@link LogSink} in the app. What is logged
 * before start is kept and written then.
 */
export const winstonLog = component({
  provides: { log: Log, level: many(RuntimeSetting) },
  requires,
  async create({ config, scrubber, clock, process, lifecycle, sinks, telemetry }) {
    // Imported here, so that commands which log nothing do not pay for it.
    const { default: winston } = await import('winston');
    const lost = telemetry?.counter({ subsystem: 'log', name: 'lines_lost', labels: ['sink'], help: 'Log lines that a sink did not get' });
    const log = new WinstonLog({ winston, config, scrubber, clock, process, sinks, lost });
    lifecycle.append({ name: 'log', start: () => log.open(), stop: () => log.close() });
    return { log, level: levelSetting(config) };
  },
});

interface Parts {
  readonly winston: typeof winstonPackage;
  readonly config: Config;
  readonly scrubber: Scrubber;
  readonly clock: Clock;
  readonly process: Process;
  readonly sinks: readonly LogSink[];
  readonly lost: Counter<'sink'> | undefined;
}

class WinstonLog implements Log {
  readonly #parts: Parts;
  readonly #format: Format;
  readonly #callSites = new CallSites();
  readonly #queues: readonly SinkQueue[];
  readonly #logger: winstonPackage.Logger;
  /** Before winston, whose own buffer has no bound and is emptied in one go. */
  readonly #records: Slices<LogRecord>;
  #threshold: number;
  /** Messages that winston has and the queues have not. */
  #inFlight = 0;
  #unsubscribe = (): void => {};

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#threshold = thresholdOf(parts.config);
    const date = dateFormat({ rfc3339: parts.config.get(logSettings.rfc3339) });
    this.#format = parts.config.get(logSettings.asJson) ? jsonFormat(date) : textFormat(date);
    this.#queues = parts.sinks.map((sink) => this.#queueFor(sink));
    this.#logger = this.#createLogger();
    this.#records = new Slices({
      itemsMax: linesMax,
      sizeMax,
      sizeOf,
      hand: (record) => this.#hand(record),
      lost: () => this.#queues.forEach((queue) => queue.lose()),
    });
  }

  trace(message: string, fields?: Fields): void {
    if (this.#threshold <= 0) this.#write('trace', message, fields);
  }

  debug(message: string, fields?: Fields): void {
    if (this.#threshold <= 1) this.#write('debug', message, fields);
  }

  info(message: string, fields?: Fields): void {
    if (this.#threshold <= 2) this.#write('info', message, fields);
  }

  warn(message: string, fields?: Fields): void {
    if (this.#threshold <= 3) this.#write('warn', message, fields);
  }

  error(message: string, fields?: Fields): void {
    if (this.#threshold <= 4) this.#write('error', message, fields);
  }

  critical(message: string, fields?: Fields): void {
    if (this.#threshold <= 5) this.#write('critical', message, fields);
  }

  writes(level: Level): boolean {
    return this.#threshold <= levels.indexOf(level);
  }

  async flush(): Promise<void> {
    const done = new AbortController();
    const givenUp = this.#parts.clock.sleep(flushTimeoutMs, done.signal).catch(() => {});
    await Promise.race([this.#everythingWritten(), givenUp]);
    done.abort();
  }

  async #everythingWritten(): Promise<void> {
    while (this.#records.length > 0 || this.#inFlight > 0) await turn();
    await Promise.all(this.#queues.map((queue) => queue.drain()));
  }

  open(): void {
    const { config } = this.#parts;
    const follow = (): void => void (this.#threshold = thresholdOf(config));
    follow();
    this.#unsubscribe = config.onChange(({ key }) => {
      if (key === logSettings.level.key) follow();
    });
    for (const queue of this.#queues) queue.open();
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    await this.flush();
    for (const queue of this.#queues) {
      const unwritten = queue.close();
      if (unwritten > 0) this.#parts.process.warn(`${unwritten} log lines could not be written to ${queue.sink.name}\n`);
    }
  }

  /** Called by the methods of the levels only: the call site is that of their caller. */
  #write(level: Level, message: string, fields: Fields | undefined): void {
    const { clock, scrubber, process } = this.#parts;
    try {
      this.#records.push(scrubbedRecord({ at: clock.now(), level, message, fields, where: this.#callSites.find(1) }, scrubber));
    } catch (error) {
      // Not the message: what cannot be scrubbed is not shown.
      process.warn(`a log message of level ${level} is lost: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }

  #hand(record: LogRecord): void {
    this.#inFlight += 1;
    this.#logger.write({ level: record.level, message: record.message, record } satisfies Info);
  }

  /** A logger whose one transport hands lines to the queues and never waits. */
  #createLogger(): winstonPackage.Logger {
    const { winston } = this.#parts;
    const format = winston.format((info) => ({ ...info, [finished]: this.#format((info as unknown as Info).record) }));
    const stream = new Writable({
      objectMode: true,
      write: ({ level, record, [finished]: text = '' }: Info, _encoding, done) => {
        this.#inFlight -= 1;
        for (const queue of this.#queues) queue.push({ level, text: queue.sink.format?.(record) ?? text });
        done();
      },
    });
    const transports = [new winston.transports.Stream({ stream })];
    return winston.createLogger({ levels: severities, level: 'trace', format: format(), exitOnError: false, transports });
  }

  #queueFor(sink: LogSink): SinkQueue {
    const { clock, process, lost } = this.#parts;
    return new SinkQueue(sink, clock, {
      failed: (error) => {
        this.error(`cannot write the log to ${sink.name}; up to ${linesMax} lines wait until it works again`, { error });
        if (this.#queues.every(({ isFailing }) => isFailing)) process.warn(`cannot write the log to ${sink.name}: ${String(error)}\n`);
      },
      recovered: () => this.info(`the log to ${sink.name} works again`),
      lost: (count) => lost?.add({ sink: sink.name }, count),
      lostLine: (count) => this.#lostLine(sink, count),
    });
  }

  #lostLine(sink: LogSink, count: number): LogLine {
    const message = `${count} log lines were lost here: ${sink.name} could not keep up`;
    const record: LogRecord = { at: this.#parts.clock.now(), level: 'warn', message, context: [], ...this.#callSites.find(0) };
    return { level: 'warn', text: sink.format?.(record) ?? this.#format(record) };
  }
}
