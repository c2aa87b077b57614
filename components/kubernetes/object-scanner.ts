import { lineBytesMax as objectBytesMax } from './json-lines.ts';

const [quote, backslash, openBrace, closeBrace] = [0x22, 0x5c, 0x7b, 0x7d];

/**
 * Finds where a JSON object ends, however its bytes are cut into chunks. Strings, escapes and braces decide; bytes of longer UTF-8
 * sequences look like none of those.
 */
export class ObjectScanner {
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #begun: Buffer[] = [];
  #begunBytes = 0;

  /**
   * Goes on with the object that `bytes` holds from `from`.
   *
   * @returns its whole text and where what follows begins, or `undefined` when it goes on in the next chunk
   * @throws Error when it is too long
   */
  scan(bytes: Buffer, from: number): { readonly text: string; readonly end: number } | undefined {
    const end = this.#endIn(bytes, from);
    if (end === undefined) {
      this.#begun.push(bytes.subarray(from));
      this.#begunBytes += bytes.length - from;
      if (this.#begunBytes > objectBytesMax) throw new Error(`the API server sent an object of more than ${objectBytesMax} bytes`);
      return undefined;
    }
    if (this.#begun.length === 0) return { text: bytes.toString('utf8', from, end), end };
    const text = Buffer.concat([...this.#begun, bytes.subarray(from, end)]).toString();
    this.#begun = [];
    this.#begunBytes = 0;
    return { text, end };
  }

  /** Every byte of every list passes here, so the state is in locals meanwhile. */
  #endIn(bytes: Buffer, from: number): number | undefined {
    let depth = this.#depth;
    let isInString = this.#isInString;
    let isEscaped = this.#isEscaped;
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (isInString) {
        if (isEscaped) isEscaped = false;
        else if (byte === backslash) isEscaped = true;
        else if (byte === quote) isInString = false;
      } else if (byte === quote) isInString = true;
      else if (byte === openBrace) depth += 1;
      else if (byte === closeBrace) {
        depth -= 1;
        if (depth === 0) {
          this.#depth = 0;
          this.#isInString = false;
          this.#isEscaped = false;
          return at + 1;
        }
      }
    }
    this.#depth = depth;
    this.#isInString = isInString;
    this.#isEscaped = isEscaped;
    return undefined;
  }
}
