import { PassThrough, Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { StreamSink } from './console.ts';
import type { LogLine } from './index.ts';

const lines: readonly LogLine[] = [
  { level: 'info', text: 'one' },
  { level: 'warn', text: 'two' },
];

it('writes a line each, at once', async () => {
  const stream = new PassThrough();
  const sink = new StreamSink('console', () => stream);
  sink.open();
  await sink.write(lines);
  expect(String(stream.read())).toBe('one\ntwo\n');
  sink.close();
  expect(stream.listenerCount('error')).toBe(0);
});

it('survives a stream whose reader has gone', async () => {
  const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
  const sink = new StreamSink('console', () => broken);
  sink.open();
  await expect(sink.write(lines)).rejects.toThrow('EPIPE');
  await expect(sink.write(lines)).rejects.toThrow();
});

it('writes nothing while it is closed', async () => {
  await expect(new StreamSink('console', () => new PassThrough()).write(lines)).rejects.toThrow('it is not open');
});
