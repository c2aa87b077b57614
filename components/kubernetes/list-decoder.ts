import type { KubeObject } from './index.ts';
import { bufferOf } from './json-lines.ts';
import { ObjectScanner } from './object-scanner.ts';

const [openBrace, closeBracket] = [0x7b, 0x5d];
/** What a list says besides its items takes some hundred. */
const envelopeBytesMax = 1_048_576;

/** What a list says besides its items. */
export interface ListEnvelope {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
}

/**
 * Decodes a list as it arrives, one item at a time, so that neither its text nor its objects are ever there as a whole.
 * Only where items begin and end is found by looking at bytes; all else is left to JSON.parse.
 */
export class ListDecoder {
  #where: 'before' | 'between' | 'item' | 'after' = 'before';
  readonly #scanner = new ObjectScanner();
  /** The text of the list up to its first item and from the end of its last one: JSON, if put together. */
  #before = '';
  #after = '';
  #begun: Buffer = Buffer.alloc(0);
  #types: Pick<KubeObject, 'apiVersion' | 'kind'> = {};

  /** The items that the chunk completes, with their type, which lists leave out. @throws Error when it is no list */
  *push(chunk: Uint8Array): Generator<KubeObject> {
    const bytes = this.#where === 'before' ? this.#head(bufferOf(chunk)) : bufferOf(chunk);
    for (let at = 0; at < bytes.length;) {
      if (this.#where === 'between') {
        if (bytes[at] === openBrace) this.#where = 'item';
        else if (bytes[at] === closeBracket) this.#where = 'after';
        else at += 1;
      } else if (this.#where === 'item') {
        const found = this.#scanner.scan(bytes, at);
        if (found === undefined) return;
        at = found.end;
        this.#where = 'between';
        yield this.#item(found.text);
      } else {
        this.#after += bytes.toString('utf8', at);
        if (this.#after.length > envelopeBytesMax) throw notAList();
        return;
      }
    }
  }

  /** What the list says besides its items, once it is complete. @throws Error when it is not */
  end(): ListEnvelope {
    if (this.#where === 'before') this.#before = this.#begun.toString();
    try {
      const envelope: ListEnvelope = JSON.parse(this.#before + this.#after);
      return envelope;
    } catch (error) {
      throw notAList(error);
    }
  }

  /** Looks for the first item. @returns the bytes from there; none as long as it has not come */
  #head(chunk: Buffer): Buffer {
    const bytes = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk]);
    // One character a byte, so that places in the text are places in the bytes.
    const text = bytes.toString('latin1');
    for (const { 0: found, index } of text.matchAll(/"items"\s*:\s*\[/g)) {
      const from = index + found.length;
      const head = bytes.toString('utf8', 0, from);
      const envelope = parsed(`${head}]}`);
      if (envelope === undefined) continue;
      this.#before = head;
      this.#types = typesOf(envelope);
      this.#where = 'between';
      return bytes.subarray(from);
    }
    if (bytes.length > envelopeBytesMax) throw notAList();
    this.#begun = bytes;
    return Buffer.alloc(0);
  }

  #item(text: string): KubeObject {
    const object: KubeObject = JSON.parse(text);
    if (object.kind === undefined) Object.assign(object, this.#types);
    return object;
  }
}

/** Valid only when what was cut off there is the list itself, not something inside of it, or of a text. */
function parsed(json: string): ListEnvelope | undefined {
  try {
    const envelope: ListEnvelope = JSON.parse(json);
    return envelope;
  } catch {
    return undefined;
  }
}

function typesOf({ apiVersion, kind = '' }: ListEnvelope): Pick<KubeObject, 'apiVersion' | 'kind'> {
  if (apiVersion === undefined || !kind.endsWith('List')) return {};
  return { apiVersion, kind: kind.slice(0, -'List'.length) };
}

function notAList(cause?: unknown): Error {
  return new Error('the API server sent a list that is cut off, or no list', { cause });
}
