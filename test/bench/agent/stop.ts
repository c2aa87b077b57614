import { once } from 'node:events';
import http2 from 'node:http2';
import type { Row } from '../bench.ts';
import { median } from '../statistics.ts';
import { connect, grpcHeaders, hotRequest } from './load.ts';
import { serve } from './process.ts';

export const stopCase = 'stop';
const connections = 1000;
const streams = 100;
const mostMs = 10_000;

/** From SIGTERM to the end of the process, with clients that keep what they have open. */
export async function stopTimes(rounds: number): Promise<Row[]> {
  const times: number[] = [];
  const codes = new Set<number | null>();
  for (let round = 0; round < rounds; round += 1) {
    await using server = await serve('armature');
    await open(server.port);
    const { ms, code } = await server.terminate();
    times.push(ms);
    codes.add(code);
  }
  const value = Math.max(...times);
  const note = `median ${median(times).toFixed(0)} ms, exit code ${[...codes].join(', ')}`;
  const subject = `the longest, with ${connections} connections and ${streams} streams`;
  return [
    { case: stopCase, subject, value, unit: 'ms', bar: `<= ${mostMs} ms`, pass: value <= mostMs && codes.has(0) && codes.size === 1, note },
  ];
}

/** Connections that have been answered once, and streams that have sent something. */
async function open(port: number): Promise<void> {
  // A few at a time: on a slow machine, more handshakes would not be over in the time that the server gives them.
  for (let count = 0; count < connections; count += 20) await Promise.all(Array.from({ length: 20 }, () => idleConnection(port)));
  const sessions = Array.from({ length: 4 }, () => http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false }));
  await Promise.all(
    Array.from({ length: streams }, async (_, index) => {
      const stream = sessions[index % sessions.length]?.request(grpcHeaders('TaggerStreamEntities'));
      stream?.on('error', () => undefined).end(Buffer.alloc(5));
      if (stream !== undefined) await once(stream, 'data');
    }),
  );
}

async function idleConnection(port: number): Promise<void> {
  const socket = await connect(port);
  socket.on('error', () => undefined).write(hotRequest);
  await once(socket, 'data');
}
