import { CliError } from './cli-error.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** The HTTP API of one server, as one principal. */
export interface ApiClient {
  readonly url: string;
  /** @throws CliError with the problem's own words when the answer is one */
  request(method: string, path: string, body?: unknown): Promise<ApiAnswer>;
  /** The answer's body as it comes, for exports and feeds. @throws CliError */
  stream(path: string, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>>;
}

/** @param token asked for anew with each request, as a short-lived one may have expired */
export function createApiClient(url: string, token: () => string | Promise<string>): ApiClient {
  async function send(method: string, path: string, options: { body?: unknown; signal?: AbortSignal } = {}) {
    const { body, signal } = options;
    const headers = {
      authorization: `Bearer ${await token()}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const init: RequestInit = {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    };
    try {
      return await fetch(new URL(path, url), init);
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new CliError(`no answer from ${url}: ${reasonOf(error)}`);
    }
  }
  return {
    url,
    async request(method, path, body) {
      const answer = await send(method, path, { body });
      const text = await answer.text();
      const parsed: unknown = text === '' ? undefined : parseJson(text);
      if (!answer.ok) throw new CliError(describeProblem(answer.status, parsed), parsed);
      return { status: answer.status, headers: answer.headers, body: parsed };
    },
    async stream(path, signal) {
      const answer = await send('GET', path, signal === undefined ? {} : { signal });
      if (!answer.ok || !answer.body)
        throw new CliError(describeProblem(answer.status, parseJson(await answer.text())));
      return answer.body;
    },
  };
}

function describeProblem(status: number, problem: unknown): string {
  if (!isRecord(problem) || typeof problem['title'] !== 'string') return `the server answered ${status}`;
  const { title, detail, code, errors, execution } = problem;
  const faults = Array.isArray(errors) ? errors.filter(isRecord) : [];
  const lines = [
    `${typeof detail === 'string' ? detail : title} (${typeof code === 'string' ? code : status})`,
    ...faults.map((fault) => `  ${String(fault['pointer'])}: ${String(fault['detail'])}`),
    ...(isRecord(execution) ? [`  execution ${String(execution['id'])} keeps the record`] : []),
  ];
  return lines.join('\n');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
