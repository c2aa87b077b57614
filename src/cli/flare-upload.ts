import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { basename } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import type { WayOut } from '../../components/config/index.ts';
import type { Secret } from '../../components/secrets/index.ts';
import { CommandError } from './command.ts';

/** Where archives go, and how. */
export interface Support {
  readonly url: string;
  readonly apiKey: Secret;
  readonly wayOut: WayOut;
}

export interface Upload {
  /** The archive. */
  readonly path: string;
  /** Empty: support opens one. */
  readonly caseId: string;
  readonly email: string;
  readonly hostname: string;
  readonly agentVersion: string;
}

/** Milliseconds in which nothing moves. */
const patienceMs = 60_000;
const redirectsMax = 5;

/** Sends an archive to support. @returns what support says @throws CommandError that says where the archive stays */
export async function upload(sent: Upload, support: Support): Promise<string> {
  const asked = new URL(`/support/flare${sent.caseId === '' ? '' : `/${encodeURIComponent(sent.caseId)}`}`, support.url);
  const refuse = (why: string, cause?: unknown): CommandError => new CommandError(`${why}; the archive stays at ${sent.path}`, { cause });
  const form = new Response(await formOf(sent));
  const content = { type: form.headers.get('content-type') ?? '', bytes: Buffer.from(await form.arrayBuffer()) };
  const { status, text } = await post(asked, support, content).catch((error: unknown) => {
    throw refuse(`cannot upload to ${asked.host}: ${error instanceof Error ? error.message : String(error)}`, error);
  });
  if (status !== 200)
    throw refuse(`${asked.host} refused the upload (${status})${status === 403 ? ', make sure that the API key is valid' : ''}`);
  const { case_id: id, error = '' } = answerIn(text) ?? { error: 'its answer is no JSON; a proxy may have given it' };
  if (error !== '') throw refuse(`${asked.host} refused the upload: ${error}`);
  return `Your logs were successfully uploaded. For future reference, your internal case id is ${id}`;
}

async function formOf({ path, caseId, email, hostname, agentVersion }: Upload): Promise<FormData> {
  const form = new FormData();
  if (caseId !== '') form.append('case_id', caseId);
  for (const [name, value] of Object.entries({ email, source: 'cli', agent_version: agentVersion, hostname })) form.append(name, value);
  form.append('flare_file', new Blob([await readFile(path)]), basename(path));
  return form;
}

interface Content {
  readonly type: string;
  readonly bytes: Buffer;
}

/** A redirected POST would come without what it sends, so a HEAD finds out where it goes. */
async function post(asked: URL, support: Support, { type, bytes }: Content): Promise<{ readonly status: number; readonly text: string }> {
  const headers = { 'Content-Type': type };
  let url = asked;
  for (let count = 0; count < redirectsMax; count += 1) {
    const { statusCode = 0, headers: answered } = (await send('HEAD', url, { support, headers })).resume();
    if (statusCode < 300 || statusCode > 399 || answered.location === undefined) break;
    url = new URL(answered.location, url);
    if (url.protocol !== asked.protocol && url.protocol !== 'https:') throw new Error(`it leads to ${url.origin}, which is not encrypted`);
  }
  const answer = await send('POST', url, { support, headers: { ...headers, 'Content-Length': String(bytes.length) }, body: bytes });
  return { status: answer.statusCode ?? 0, text: await textOf(answer) };
}

interface Sending {
  readonly support: Support;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

function send(method: string, url: URL, { support: { apiKey, wayOut }, headers, body }: Sending): Promise<IncomingMessage> {
  const isSecure = url.protocol === 'https:';
  const agent = isSecure ? new HttpsAgent(wayOut) : new HttpAgent(wayOut);
  return new Promise((resolve, reject) => {
    const request = isSecure ? httpsRequest : httpRequest;
    const outgoing = request(url, { method, agent, headers: { 'DD-API-KEY': apiKey.reveal(), ...headers } }, resolve);
    outgoing.setTimeout(patienceMs, () => outgoing.destroy(new Error(`nothing moved for ${patienceMs / 1000} s`)));
    outgoing.on('error', reject).end(body);
  });
}

function answerIn(text: string): { readonly case_id?: number | string; readonly error?: string } | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? answer : undefined;
  } catch {
    return undefined;
  }
}
