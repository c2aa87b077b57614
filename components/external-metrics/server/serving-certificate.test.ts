import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { selfSigned } from '../../../src/certificates/index.ts';
import { recordingLog, type Logged } from '../../log/fake.ts';
import { flagsIn } from './flags.ts';
import { namedPair, servingCertificate } from './serving-certificate.ts';

describe('the certificate that is served', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'serving-'))));
  afterEach(() => rm(folder, { recursive: true }));

  const file = (name: string): string => join(folder, name);
  const write = (name: string, content: string): Promise<void> => writeFile(file(name), content);
  const read = (name: string): Promise<string> => readFile(file(name), 'utf8');
  const [one, other] = [selfSigned({ commonName: 'one', hosts: ['localhost'] }), selfSigned({ commonName: 'other', hosts: ['localhost'] })];

  it('is made in the folder when there is none, and is the same the next time', async () => {
    const flags = flagsIn({ 'cert-dir': file('new') });
    const made = await servingCertificate(flags, recordingLog());
    expect(await servingCertificate(flags, recordingLog())).toEqual(made);
    expect(await read('new/apiserver.crt')).toBe(made.certificate);
  });

  it('is in memory only where nothing can be written, and says so', async () => {
    await write('occupied', '');
    const logged: Logged[] = [];
    expect((await servingCertificate(flagsIn({ 'cert-dir': file('occupied') }), recordingLog(logged))).key).toContain('PRIVATE KEY');
    expect(logged).toMatchObject([{ level: 'info', fields: { folder: file('occupied') } }]);
  });

  it('is not written over when it is there and cannot be served', async () => {
    await write('apiserver.crt', one.certificate);
    await write('apiserver.key', 'not whole yet');
    await expect(servingCertificate(flagsIn({ 'cert-dir': folder }), recordingLog())).rejects.toThrow(
      `${file('apiserver.crt')} and ${file('apiserver.key')} are no certificate and its key`,
    );
    expect(await read('apiserver.key')).toBe('not whole yet');
  });

  it('is that of the flags, whose files must be whole, belong together, and both be named', async () => {
    await write('a.crt', one.certificate);
    await write('a.key', one.key);
    const flags = { 'tls-cert-file': file('a.crt'), 'tls-private-key-file': file('a.key') };
    expect(await servingCertificate(flagsIn(flags), recordingLog())).toEqual(one);
    await write('a.key', other.key);
    await expect(namedPair(flagsIn(flags))).rejects.toThrow(`${file('a.key')} are no certificate and its key: `);
    await rm(file('a.key'));
    await expect(namedPair(flagsIn(flags))).rejects.toThrow(file('a.key'));
    await expect(namedPair(flagsIn({ 'tls-cert-file': file('a.crt') }))).rejects.toThrow('one of them is missing');
  });
});
