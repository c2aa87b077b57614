import { setImmediate as turn } from 'node:timers/promises';
import type { Scrubber } from '../scrubber/index.ts';

/** Characters that are scrubbed before the event loop gets its turn. */
const sliceSize = 32 * 1024;
/** How much further a slice goes for the end of a PEM block or of a line that is too long. */
const reachMax = 64 * 1024;

/** The bytes of a file without secrets. Bytes that are no text cannot be read, and stay as they are. */
export async function scrubbed(content: string | Uint8Array, scrubber: Scrubber): Promise<Uint8Array> {
  const text = typeof content === 'string' ? content : textOf(content);
  if (text === undefined) return content as Uint8Array;
  const slices: Buffer[] = [];
  for (let from = 0; from < text.length;) {
    const to = endOfSlice(text, from);
    slices.push(Buffer.from(scrubber.text(text.slice(from, to))));
    from = to;
    await turn();
  }
  return Buffer.concat(slices);
}

/** At the end of a line, and not inside of a PEM block, which can only be known as a whole. */
function endOfSlice(text: string, from: number): number {
  const wanted = from + sliceSize;
  if (wanted >= text.length) return text.length;
  const lineEnd = text.indexOf('\n', wanted);
  const end = lineEnd === -1 || lineEnd > from + reachMax ? wanted : lineEnd + 1;
  const begin = text.lastIndexOf('-----BEGIN ', end - 1);
  const isInBlock = begin >= from && text.lastIndexOf('-----END ', end - 1) < begin;
  if (!isInBlock) return end;
  const blockEnd = text.indexOf('-----END ', begin);
  if (blockEnd === -1 || blockEnd > from + reachMax) return end;
  const blockLine = text.indexOf('\n', blockEnd);
  return blockLine === -1 ? text.length : blockLine + 1;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
