import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

/** What is smaller is compiled sooner than its cache is read. */
const cachedFrom = 16 * 1024;
/** Of V8, the cache of another text of the same length is taken: only for names that change with their content is one kept. */
const hashed = /-[A-Z0-9]{8}\.cjs$/;
/** By then a start is over, and V8 has not begun to throw away what only a start runs. */
const savedAfterMs = 5000;
/** Behind the code, its CRC-32. */
const sumBytes = 4;
const [head, tail] = ['(function (exports, require, module, __filename, __dirname) {', '\n})'];

/** What {@link head} begins. */
type Wrapper = (...given: [exports: unknown, require: (id: string) => unknown, module: Module, filename: string, dirname: string]) => void;

interface Module {
  exports: unknown;
}

/**
 * Loads CommonJS files of one folder as `require` does, with the code that V8 made of them in an earlier run. Node's own
 * compile cache keeps a file as it was before it ran: every function is compiled again when it is first called, which is
 * half of what a start takes. Here it is kept as it is after the start.
 */
export class ChunkLoader {
  readonly #folder: string;
  readonly #cache: string | undefined;
  readonly #modules = new Map<string, Module>();
  /** Compiled without a cache, by the name of the chunk. */
  readonly #compiled = new Map<string, Script>();

  /**
   * @param folder where the chunks are
   * @param cache folder for what is kept, which nobody else may write to; absent: nothing is kept
   */
  constructor(folder: string, cache: string | undefined) {
    this.#folder = folder;
    this.#cache = cache;
    if (cache === undefined) return;
    setTimeout(() => this.save(), savedAfterMs).unref();
    process.once('exit', () => this.save());
  }

  /** @param name `./chunk.cjs` @returns what the chunk exports; it is run once */
  load(name: string): unknown {
    const known = this.#modules.get(name);
    if (known !== undefined) return known.exports;
    const module: Module = { exports: {} };
    this.#modules.set(name, module);
    const path = join(this.#folder, name);
    const others = createRequire(path);
    const require = (id: string): unknown => (id.startsWith('./') ? this.load(id) : others(id));
    const run = this.#compile(name, path).runInThisContext() as Wrapper;
    run(module.exports, require, module, path, this.#folder);
    return module.exports;
  }

  /** Keeps what has been compiled; a cache that cannot be written is a slower start next time, nothing else. */
  save(): void {
    for (const [name, script] of this.#compiled) keep(this.#cachePath(name), script);
    this.#compiled.clear();
  }

  #compile(name: string, path: string): Script {
    const source = wrapped(path);
    const isCached = this.#cache !== undefined && hashed.test(name) && source.length >= cachedFrom;
    const cachedData = isCached ? readIfWhole(this.#cachePath(name)) : undefined;
    // Columns are those of the file.
    const at = { filename: path, columnOffset: -head.length };
    const script = new Script(source, cachedData === undefined ? at : { ...at, cachedData });
    if (isCached && script.cachedDataRejected !== false) this.#compiled.set(name, script);
    return script;
  }

  #cachePath(name: string): string {
    return join(this.#cache ?? '', name.replace(/cjs$/, 'bin'));
  }
}

/** A file's text in the wrapper. Read between its ends: V8 would copy a megabyte again to join them. */
function wrapped(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const text = Buffer.allocUnsafe(head.length + size + tail.length);
    text.write(head, 'latin1');
    readSync(file, text, head.length, size, 0);
    text.write(tail, head.length + size, 'latin1');
    return text.toString('latin1'); // esbuild writes ASCII
  } finally {
    closeSync(file);
  }
}

/** V8 looks whose code it is, not whether it is whole: running damaged code would crash. */
function readIfWhole(path: string): Buffer | undefined {
  try {
    const file = readFileSync(path);
    const data = file.subarray(0, -sumBytes);
    return file.readUInt32LE(data.length) === sumOf(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

function sumOf(data: Buffer): number {
  // Not imported: commands that load no cache do without.
  return process.getBuiltinModule('node:zlib').crc32(data);
}

/** In one step: another process may be reading. */
function keep(path: string, script: Script): void {
  const unfinished = `${path}.${process.pid}`;
  try {
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
    const data = script.createCachedData();
    const sum = Buffer.alloc(sumBytes);
    sum.writeUInt32LE(sumOf(data));
    writeFileSync(unfinished, Buffer.concat([data, sum]), { mode: 0o600 });
    renameSync(unfinished, path);
  } catch {
    // Read-only, or full.
  }
}
