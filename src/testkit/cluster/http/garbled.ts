import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Garbled } from '../faults.ts';

/** Gives the answer that a fault wants instead of the right one. */
export async function garble(
  response: ServerResponse,
  { code = 200, type = 'application/json', text, ending = 'whole' }: Garbled,
): Promise<void> {
  response.on('error', () => undefined).writeHead(code, { 'Content-Type': type });
  if (ending === 'whole') response.end(text);
  else if (ending === 'cut') response.write(text, () => response.destroy());
  else await repeat(response, text);
}

async function repeat(response: ServerResponse, text: string): Promise<void> {
  const closed = once(response, 'close');
  while (!response.destroyed) if (!response.write(text)) await Promise.race([once(response, 'drain'), closed]);
}
