import { setting, type, type Config } from '../config/index.ts';

/** From the least to the most severe. */
export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'critical'] as const;

/** What the log reads. Defaults are those of the Go agent. */
export const logSettings = {
  level: setting('log_level', {
    type: type.choice(...levels, 'warning', 'off'),
    default: 'info',
    description: 'the least severe level that is written: trace, debug, info, warn, error, critical or off',
  }),
  asJson: setting('log_format_json', { type: type.boolean, default: false, description: 'writes each message as one JSON object' }),
  rfc3339: setting('log_format_rfc3339', { type: type.boolean, default: false, description: 'writes times as RFC 3339 says' }),
  toConsole: setting('log_to_console', { type: type.boolean, default: true, description: 'writes to standard output' }),
  disableFile: setting('disable_file_logging', { type: type.boolean, default: false, description: 'writes no log file' }),
  file: setting('log_file', { type: type.text, default: '/var/log/datadog/cluster-agent.log', description: 'path of the log file' }),
  fileMaxSize: setting('log_file_max_size', {
    type: type.bytes,
    default: 10 * 1024 * 1024,
    description: 'bytes after which a new file is begun',
  }),
  fileMaxRolls: setting('log_file_max_rolls', { type: type.integer, default: 1, description: 'how many earlier files are kept; 0: all' }),
  toSyslog: setting('log_to_syslog', { type: type.boolean, default: false, description: 'writes to syslog' }),
  syslogUri: setting('syslog_uri', {
    type: type.text,
    default: '',
    description: 'udp://host:port, tcp://host:port, unix:///path or unixgram:///path; empty: the local socket',
  }),
  syslogRfc: setting('syslog_rfc', { type: type.boolean, default: false, description: 'writes headers as RFC 5424 says' }),
  syslogPem: setting('syslog_pem', { type: type.text, default: '', description: 'certificate file that tcp:// presents over TLS' }),
  syslogKey: setting('syslog_key', { type: type.text, default: '', description: 'key file of that certificate' }),
  syslogTlsVerify: setting('syslog_tls_verify', { type: type.boolean, default: true, description: "checks the server's certificate" }),
};

/** Where the log file is; an empty `log_file` means the default, as in the Go agent: `disable_file_logging` is what turns it off. */
export function logFileOf(config: Pick<Config, 'get'>): string {
  return config.get(logSettings.file) || logSettings.file.default;
}
