const newline = 0x0a;

/** Far beyond the largest object that etcd takes: what is longer is no object, and must not fill the memory. */
export const lineBytesMax = 33_554_432;

/** The same bytes, not a copy. */
export function bufferOf(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** Cuts a stream of bytes into lines, however its chunks are cut. */
export class LineSplitter {
  #begun: Buffer[] = [];
  #begunBytes = 0;

  /** The lines that the chunk completes, without their ends; empty ones are left out. @throws Error when a line is too long */
  *push(chunk: Uint8Array): Generator<string> {
    const bytes = bufferOf(chunk);
    let from = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
      const line = this.#begun.length === 0 ? bytes.toString('utf8', from, end) : this.#complete(bytes.subarray(from, end));
      from = end + 1;
      if (line !== '') yield line;
    }
    if (from < bytes.length) this.#begin(bytes.subarray(from));
  }

  #complete(rest: Buffer): string {
    const line = Buffer.concat([...this.#begun, rest]).toString();
    this.#begun = [];
    this.#begunBytes = 0;
    return line;
  }

  #begin(bytes: Buffer): void {
    this.#begun.push(bytes);
    this.#begunBytes += bytes.length;
    if (this.#begunBytes > lineBytesMax) throw new Error(`the API server sent a line of more than ${lineBytesMax} bytes`);
  }
}
