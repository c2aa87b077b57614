import { once } from 'node:events';
import { createServer } from 'node:net';

/** The port itself, or a free one where somebody has it already. */
export async function portOrFree(wanted: number): Promise<number> {
  return (await isFree(wanted)) ? wanted : freePort();
}

async function isFree(port: number): Promise<boolean> {
  try {
    await listenOnce(port);
    return true;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return listenOnce(0);
}

/** Tries an address as the agent will listen on it: every interface. */
async function listenOnce(port: number): Promise<number> {
  const server = createServer();
  server.listen(port);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : port;
}
