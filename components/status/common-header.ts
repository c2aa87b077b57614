import { Clock, component, many } from '../../src/fx/index.ts';
import { AgentVersion, versionText } from '../agent-version/index.ts';
import { Config } from '../config/index.ts';
import { unixTime } from '../go-time/index.ts';
import { logFileOf, logSettings } from '../log/index.ts';
import { escaped } from './escaped.ts';
import { StatusHeader } from './index.ts';

/** Go's names of what Node calls otherwise. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** What every status page begins with: which agent this is, since when it runs, and where its files are. */
export const commonStatusHeader = component({
  name: 'common-status-header',
  provides: many(StatusHeader),
  requires: { clock: Clock, config: Config, version: AgentVersion },
  create({ clock, config, version }): StatusHeader {
    const startedAt = clock.now();
    const facts = (): Facts => factsOf({ config, version: versionText(version), startedAt, at: clock.now() });
    return {
      name: `Datadog Cluster Agent (v${versionText(version)})`,
      index: 0,
      json: facts,
      text: () => textOf(facts()),
      html: () => htmlOf(facts()),
    };
  },
});

interface Known {
  readonly config: Config;
  readonly version: string;
  readonly startedAt: number;
  readonly at: number;
}
type Facts = ReturnType<typeof factsOf>;

/** The Go agent's keys; all values of `config` are texts. The runtime stands where Go's version does. */
function factsOf({ config, version, startedAt, at }: Known) {
  const [file = '', ...extra] = config.files;
  return {
    version,
    flavor: 'cluster_agent',
    conf_file: file,
    extra_conf_file: extra,
    pid: process.pid,
    go_version: `node${process.versions.node}`,
    agent_start_nano: startedAt * 1e6,
    python_version: 'n/a',
    build_arch: architectures[process.arch] ?? process.arch,
    time_nano: at * 1e6,
    config: {
      log_file: config.get(logSettings.disableFile) ? '' : logFileOf(config),
      log_level: config.get(logSettings.level),
      confd_path: textOr('/etc/datadog-agent/conf.d', config.lookup('confd_path')),
      additional_checksd: textOr('', config.lookup('additional_checksd')),
      fips_enabled: textOr('false', config.lookup('fips.enabled')),
      fips_local_address: textOr('', config.lookup('fips.local_address')),
      fips_port_range_start: textOr('', config.lookup('fips.port_range_start')),
    },
  };
}

/** For keys of components that may not be in this build. */
function textOr(fallback: string, value: unknown): string {
  return typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number' ? String(value) : fallback;
}

function textOf({ config, ...facts }: Facts): string {
  const { log_file: logFile, log_level: logLevel, confd_path: confd, additional_checksd: checksd } = config;
  return [
    `  Status date: ${unixTime(facts.time_nano / 1e6)}`,
    `  Agent start: ${unixTime(facts.agent_start_nano / 1e6)}`,
    `  Pid: ${facts.pid}`,
    `  Go Version: ${facts.go_version}`,
    `  Python Version: ${facts.python_version}`,
    `  Build arch: ${facts.build_arch}`,
    `  Agent flavor: ${facts.flavor}`,
    ...(logFile === '' ? [] : [`  Log File: ${logFile}`]),
    `  Log Level: ${logLevel}`,
    '',
    '  Paths',
    '  =====',
    `    Config File: ${facts.conf_file === '' ? 'There is no config file' : facts.conf_file}`,
    ...(facts.extra_conf_file.length === 0 ? [] : ['    Extra Config Files:', ...facts.extra_conf_file.map((file) => `      - ${file}`)]),
    `    conf.d: ${confd}`,
    ...(checksd === '' ? [] : [`    checks.d: ${checksd}`]),
    '',
  ].join('\n');
}

function htmlOf(facts: Facts): string {
  const rows = [
    ['Version', facts.version],
    ['Flavor', facts.flavor],
    ['PID', String(facts.pid)],
    ['Agent start', unixTime(facts.agent_start_nano / 1e6)],
    ['Log Level', facts.config.log_level],
    ['Config File', facts.conf_file === '' ? 'There is no config file' : facts.conf_file],
    ['System time', unixTime(facts.time_nano / 1e6)],
  ] as const;
  const data = rows.map(([name, value]) => `${name}: ${escaped(value)}<br>`).join('\n    ');
  return `<div class="stat">\n  <span class="stat_title">Agent Info</span>\n  <span class="stat_data">\n    ${data}\n  </span>\n</div>`;
}
