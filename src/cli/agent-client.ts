import { request } from 'node:https';
import { CommandError } from './command.ts';

export interface AgentAddress {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  /** Where the token was read, for messages. */
  readonly tokenFile: string;
  /** Milliseconds for the whole answer. */
  readonly timeoutMs: number;
}

/** No agent answers where one should. */
export class UnreachableAgentError extends CommandError {
  override readonly name = 'UnreachableAgentError';
}

/** The agent does not do what it was asked for. */
export class AnswerError extends CommandError {
  override readonly name = 'AnswerError';
  /** The HTTP status. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Sent {
  readonly body?: string;
  readonly contentType?: string;
}

/** Asks the running agent, as the one who may read its token file. */
export class AgentClient {
  readonly #address: AgentAddress;

  constructor(address: AgentAddress) {
    this.#address = address;
  }

  /** The body of the answer. @throws CommandError that says what was tried and what to do */
  get(path: string): Promise<string> {
    return this.#ask('GET', path);
  }

  /** The same, to have something done. */
  post(path: string, sent: Sent = {}): Promise<string> {
    return this.#ask('POST', path, sent);
  }

  async #ask(method: string, path: string, sent: Sent = {}): Promise<string> {
    const { status, text } = await this.#send(method, path, sent).catch((error: unknown) => {
      throw this.#unreachable(`${method} ${path}`, error);
    });
    if (status < 400) return text;
    throw new AnswerError(
      status === 401 || status === 403 ? this.#refused(status, text) : failureIn(text, status, `${method} ${path}`),
      status,
    );
  }

  #send(method: string, path: string, { body, contentType }: Sent): Promise<Answer> {
    const { host, port, token, timeoutMs } = this.#address;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const headers = { Authorization: `Bearer ${token}`, ...(contentType === undefined ? {} : { 'Content-Type': contentType }) };
    // The agent makes a new certificate at each start; what proves it to be ours is that it knows the token.
    const options = { host, port, path, method, headers, rejectUnauthorized: false, signal: AbortSignal.timeout(timeoutMs) };
    const asked = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
    return promise;
  }

  #unreachable(what: string, error: unknown): UnreachableAgentError {
    const { host, port, tokenFile, timeoutMs } = this.#address;
    const isLate = error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
    const reason = isLate ? `no answer within ${timeoutMs / 1000} s` : reasonOf(error);
    return new UnreachableAgentError(
      [
        `Could not reach agent: ${reason}`,
        `  tried      ${what} on https://${host}:${port}`,
        `  token      from ${tokenFile}`,
        'Make sure the agent is running ("cluster-agent start"), and that this command reads the same configuration (-c), or contact support.',
      ].join('\n'),
      { cause: error },
    );
  }

  #refused(status: number, text: string): string {
    const { host, port, tokenFile } = this.#address;
    return [
      `the agent on https://${host}:${port} refused the session token (${status} ${text.trim()})`,
      `  token      from ${tokenFile}`,
      'Another agent may have written that file, or another one listens there: give the configuration of the running agent with -c.',
    ].join('\n');
  }
}

/** Of several addresses that were tried, each may have its own reason. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}

/** The agent says `{"error":"..."}`, or plain text. */
function failureIn(text: string, status: number, what: string): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // Plain text then.
  }
  return `${text.trim() || 'the agent refused'} (${status} for ${what})`;
}
