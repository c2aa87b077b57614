import { component, many } from '../../src/fx/index.ts';
import { Config } from '../config/index.ts';
import { undatedJson, undatedText } from './format.ts';
import { LogSink, type Level, type LogLine, type LogRecord } from './index.ts';
import { logSettings } from './settings.ts';
import { localSockets, syslogAddress, type SyslogAddress } from './syslog-address.ts';
import { openLink, type SyslogLink, type TlsOptions } from './syslog-links.ts';

/** local4, as the Go agent's. */
const facility = 20;
const severities: Readonly<Record<Level, number>> = { trace: 7, debug: 7, info: 6, warn: 4, error: 3, critical: 2 };
const appName = 'datadog-cluster-agent';

/** The log in syslog: of this machine, or over UDP, TCP or TLS. */
export const syslogSink = component({
  name: 'log-syslog',
  provides: many(LogSink),
  requires: { config: Config },
  when: logSettings.toSyslog.key,
  create: ({ config }) =>
    new Syslog({
      address: syslogAddress(config.get(logSettings.syslogUri).trim()),
      asJson: config.get(logSettings.asJson),
      isRfc: config.get(logSettings.syslogRfc),
      tls: {
        pem: config.get(logSettings.syslogPem),
        key: config.get(logSettings.syslogKey),
        verify: config.get(logSettings.syslogTlsVerify),
      },
    }),
  stop: (sink) => sink.close(),
});

interface SyslogOptions {
  /** Absent: the socket of this machine. */
  readonly address: SyslogAddress | undefined;
  readonly asJson: boolean;
  /** Headers as RFC 5424 has them. */
  readonly isRfc: boolean;
  readonly tls: TlsOptions;
}

/** Connects with the first lines, and again after each failure. */
export class Syslog implements LogSink {
  readonly name = 'syslog';
  readonly #options: SyslogOptions;
  #link: SyslogLink | undefined;

  constructor(options: SyslogOptions) {
    this.#options = options;
  }

  format(record: LogRecord): string {
    const { asJson, isRfc } = this.#options;
    const priority = facility * 8 + severities[record.level];
    const header = isRfc ? `<${priority}>1 ${appName} ${process.pid} - -` : `<${priority}>${appName}[${process.pid}]:`;
    return `${header} ${asJson ? undatedJson(record) : undatedText(record)}`;
  }

  async write(lines: readonly LogLine[]): Promise<void> {
    try {
      this.#link ??= await this.#open();
      await this.#link.send(lines.map(({ text }) => `${text}\n`));
    } catch (error) {
      await this.close().catch(() => {});
      throw error;
    }
  }

  async close(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    await link?.close();
  }

  async #open(): Promise<SyslogLink> {
    const { address, tls } = this.#options;
    if (address !== undefined) return openLink(address, tls);
    const failures: string[] = [];
    for (const path of localSockets) {
      for (const kind of ['unixgram', 'unix'] as const) {
        try {
          return await openLink({ kind, path }, tls);
        } catch (error) {
          failures.push(error instanceof Error ? error.message : String(error));
        }
      }
    }
    throw new Error(`no syslog on this machine: ${failures.join('; ')}; set syslog_uri`);
  }
}
