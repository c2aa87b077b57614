import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { spawnAgent } from '../agent/process.ts';
import { cli } from './support.ts';

describe('the command line', () => {
  it.each([[[]], [['help']], [['--help']], [['-h']]])('lists every command for %j', async (args) => {
    const { code, out, err } = await cli(args);
    expect([code, err]).toEqual([0, '']);
    for (const name of Object.keys(commands)) expect(out).toContain(`  ${name} `);
    expect(out).toContain('-c, --cfgpath PATH');
  });

  it.each(Object.keys(commands))('explains %s', async (name) => {
    const { code, out, err } = await cli([name, '--help']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(new RegExp(`^Usage: cluster-agent ${name}`));
    expect(out).toContain('--no-color');
  });

  it.each([
    [['statsu'], 'there is no command "statsu"; did you mean "status"?'],
    [['stauts'], 'there is no command "stauts"; did you mean "status"?'],
    [['toString'], 'there is no command "toString"\n'],
    [['help', 'zzz'], 'there is no command "zzz"\n'],
    [['config', 'constructor'], 'config does not know "constructor", only'],
    [['config', 'get', ''], 'the setting is missing'],
    [['zzz'], 'there is no command "zzz"\n'],
    [['status', '--jsno'], "Unknown option '--jsno'"],
    [['version', 'now'], 'unexpected argument "now"'],
    [['health', '--timeout', 'soon'], '--timeout takes seconds, not "soon"'],
    [['config', 'gte', 'x'], 'config does not know "gte", only list-runtime, get, set'],
    [['config', 'set', 'log_level'], 'its value is missing'],
    [['graph', '--format', 'png'], '--format takes mermaid, dot, json, not "png"'],
    [['explain'], 'the component is missing'],
    [['secret-helper'], 'secret-helper knows "read", not ""'],
    [['-c'], "Option '-c, --cfgpath <value>' argument missing"],
  ])('says what is wrong with %j, and exits with 2', async (args, message) => {
    const { code, out, err } = await cli(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(`Error: ${message}`);
    expect(err).toMatch(/Run "cluster-agent ([\w-]+ )?--help" for what it takes\.\n$/);
  });

  it.each([
    [['status', '--jsno'], "Error: Unknown option '--jsno'"],
    [['flare', '-p'], "Error: Option '-p, --profile <value>' argument missing"],
    [['config', '__proto__'], 'Error: config does not know "__proto__", only'],
  ])('says so in words, and not in stacks, where %j is run as a program', async (args, message) => {
    await using run = spawnAgent(args);
    expect(await run.gone).toBe(2);
    expect(run.errors).toContain(message);
    expect(run.errors).not.toMatch(/^\s+at /m);
  });

  it.each([
    ['help', 'status'],
    ['help', 'checkconfig'],
  ])('explains what follows %s: %s', async (...args) => {
    expect((await cli(args)).out).toMatch(/^Usage: cluster-agent (?:status|configcheck)/);
  });

  it('takes --version for the command', async () => {
    expect(await cli(['--version'])).toEqual(await cli(['version']));
  });

  it('takes global flags before and after the name of the command', async () => {
    for (const args of [
      ['-n', 'version'],
      ['version', '--no-color'],
      ['-c', '/nowhere', 'version'],
    ]) {
      expect(await cli(args)).toMatchObject({ code: 0, err: '' });
    }
  });
});

describe('version', () => {
  it('prints what checks of other projects look for, and nothing to standard error', async () => {
    const { code, out, err } = await cli(['version']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      /^Cluster Agent \d+\.\d+\.\d+ - (Meta: \w+ - )?Commit: [0-9a-f]{7,} - Serialization version: \S+ - Go version: .+\n$/,
    );
  });
});
