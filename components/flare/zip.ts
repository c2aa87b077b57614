import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Clock, component, many } from '../../src/fx/index.ts';
import { Route, RouteError } from '../api-server/index.ts';
import { Config } from '../config/index.ts';
import { Hostname } from '../hostname/index.ts';
import { Log, logSettings } from '../log/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { archiveFolder } from './archives.ts';
import { Flare, FlareProvider } from './index.ts';
import { scrubbed } from './scrubbed.ts';

/** A provider that takes longer is left out, and named in the archive. */
const providerTimeoutMs = 10_000;
/** Profiles come with the request. */
const bodyMax = 16 * 1024 * 1024;

/** Archives as zip files in the temporary folder, one at a time, the last few of them; also by `POST /flare`. */
export const zipFlare = component({
  provides: { flare: Flare, route: many(Route) },
  requires: { config: Config, log: Log, clock: Clock, hostname: Hostname, scrubber: Scrubber, providers: many(FlareProvider) },
  create(parts) {
    const flare = new ZipFlare(parts);
    return { flare, route: flareRoute(flare) };
  },
});

interface Parts {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  readonly hostname: Hostname;
  readonly scrubber: Scrubber;
  readonly providers: readonly FlareProvider[];
}

interface ArchivedFile {
  readonly path: string;
  readonly content: Uint8Array;
}

class ZipFlare implements Flare {
  readonly #parts: Parts;
  #previous: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  create(extra: Readonly<Record<string, Uint8Array>> = {}, signal: AbortSignal = new AbortController().signal): Promise<string> {
    const made = this.#previous.then(() => this.#create(extra, signal));
    this.#previous = made.catch(() => {});
    return made;
  }

  async #create(extra: Readonly<Record<string, Uint8Array>>, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const files = await this.#collect(extra, signal);
    const folder = await archiveFolder().catch((cause: unknown) => unwritten(cause));
    const path = join(folder, this.#fileName());
    try {
      await this.#write(path, files, signal);
    } catch (cause) {
      await rm(folder, { recursive: true, force: true });
      signal.throwIfAborted();
      return unwritten(cause);
    }
    this.#parts.log.info(`flare created`, { path });
    return path;
  }

  /** Everything, with what could not be had as lines of one more file. */
  async #collect(extra: Readonly<Record<string, Uint8Array>>, signal: AbortSignal): Promise<ArchivedFile[]> {
    const files: ArchivedFile[] = [];
    const notes: string[] = [];
    const add = async (path: string, content: () => string | Uint8Array | Promise<string | Uint8Array>): Promise<void> => {
      try {
        files.push({ path, content: await scrubbed(await content(), this.#parts.scrubber) });
        notes.push(`${path}: added`);
      } catch (error) {
        notes.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
      }
      signal.throwIfAborted();
    };
    // One after another: a flare is in no hurry, and must not get in the way of anything else.
    for (const provider of this.#parts.providers) await add(provider.path, () => this.#inTime(provider, signal));
    for (const [path, content] of Object.entries(extra)) await add(path, () => content);
    await add('flare_creation.log', () => `${notes.join('\n')}\n`);
    return files;
  }

  async #inTime(provider: FlareProvider, signal: AbortSignal): Promise<string | Uint8Array> {
    const done = new AbortController();
    const late = this.#parts.clock.sleep(providerTimeoutMs, done.signal).then(() => {
      throw new Error(`not there within ${providerTimeoutMs / 1000} s`);
    });
    try {
      return await Promise.race([provider.content(AbortSignal.any([signal, done.signal])), late]);
    } finally {
      late.catch(() => {});
      done.abort();
    }
  }

  async #write(path: string, files: readonly ArchivedFile[], signal: AbortSignal): Promise<void> {
    const { default: yazl } = await import('yazl');
    const root = cleaned(await this.#hostname());
    const zip = new yazl.ZipFile();
    for (const { path: name, content } of files) {
      zip.addBuffer(Buffer.from(content.buffer, content.byteOffset, content.byteLength), `${root}/${insideOf(name)}`, { mode: 0o100_600 });
    }
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(path, { mode: 0o600 }), { signal });
  }

  #hostname(): Promise<string> {
    return this.#parts.hostname.get().then(
      ({ hostname }) => hostname,
      () => 'unknown',
    );
  }

  #fileName(): string {
    const at = new Date(this.#parts.clock.now()).toISOString().replace(/\.\d+/, '').replaceAll(':', '-');
    return `datadog-agent-${at}-${this.#parts.config.get(logSettings.level)}.zip`;
  }
}

/** @throws Error always */
function unwritten(cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause);
  throw new Error(`the archive cannot be written: ${why}; make room in ${tmpdir()}, or set TMPDIR to a folder that can be written`, {
    cause,
  });
}

/** Whoever unpacks the archive gets nothing outside of its folder. */
function insideOf(path: string): string {
  return path
    .split(/[\\/]+/)
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .join('/');
}

/** As the folder of a host is called. */
function cleaned(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_-]+/g, '_').slice(0, 32);
}

/** The body is empty, or profiles in Base64 by their name. The answer is the path as plain text, called JSON as the Go agent does. */
function flareRoute(flare: Flare): Route {
  return {
    method: 'POST',
    path: '/flare',
    access: 'session',
    bodyMax,
    handle: async (request) => {
      const headers = { 'content-type': 'application/json' };
      const profiles = profilesOf(await request.body());
      try {
        return { headers, body: await flare.create(profiles, request.signal) };
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        return { status: 500, headers, body: JSON.stringify({ error: message }) };
      }
    },
  };
}

function profilesOf(body: Uint8Array): Record<string, Uint8Array> {
  if (body.length === 0) return {};
  const given = parsed(body);
  const isMap = typeof given === 'object' && given !== null && Object.values(given).every((each) => typeof each === 'string');
  if (!isMap) throw new RouteError(500, 'the body must be empty or a JSON object of file names with their contents in Base64');
  return Object.fromEntries(
    Object.entries(given as Record<string, string>).map(([name, text]) => [`profiles/${name}`, Buffer.from(text, 'base64')]),
  );
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString());
  } catch {
    return undefined;
  }
}
