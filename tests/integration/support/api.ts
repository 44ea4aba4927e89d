import { expect } from 'vitest';
import type { Reply, RequestOptions } from '../../http/support/app.ts';

/** Something that takes requests: a platform in this process, or one in another. */
export interface Api {
  readonly url: string;
  readonly adminToken: string;
  request(method: string, path: string, options?: RequestOptions): Promise<Reply>;
}

export interface Mcp {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly status: string;
  readonly version: number;
  readonly tools: readonly { readonly name: string }[];
  readonly discovery: { readonly status: string; readonly error?: { readonly code: string; readonly message: string } };
}

export interface Execution {
  readonly id: string;
  readonly mcpId: string;
  readonly mcpVersion: number;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly status: string;
  readonly result?: {
    readonly content: readonly (Readonly<Record<string, unknown>> & {
      readonly type: string;
      readonly text?: string;
    })[];
    readonly structuredContent?: unknown;
  } | null;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly executionId?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

export interface EventItem {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: { readonly eventId: string; readonly actor: string; readonly commandId: string };
}

/** Sends a request and answers its body, which must come with this status. */
export async function ask<Body>(
  api: Api,
  status: number,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Body> {
  const reply = await api.request(method, path, options);
  expect(reply.status, `${method} ${path}: ${reply.text.slice(0, 500)}`).toBe(status);
  return reply.body as Body;
}

/** Registers an mcp. */
export function register(api: Api, name: string, transport: object, more: object = {}): Promise<Mcp> {
  return ask(api, 201, 'POST', '/api/v1/mcps', { body: { name, transport, ...more } });
}

/** Calls a tool, and answers however it went. */
export function call(api: Api, mcpId: string, tool: string, given: object = {}, more: object = {}): Promise<Reply> {
  return api.request('POST', '/api/v1/executions', { body: { mcpId, tool, arguments: given, ...more } });
}

/** Calls a tool, which must answer. */
export async function succeed(api: Api, mcpId: string, tool: string, given: object = {}): Promise<Execution> {
  const reply = await call(api, mcpId, tool, given);
  expect(reply, reply.text.slice(0, 500)).toMatchObject({ status: 200, body: { status: 'succeeded' } });
  return reply.body as Execution;
}

/** Calls a tool in vain. Answers the problem, and the execution that it left. */
export async function fail(
  api: Api,
  mcpId: string,
  tool: string,
  given: object = {},
  more: object = {},
): Promise<{ readonly status: number; readonly problem: Problem; readonly execution: Execution }> {
  const reply = await call(api, mcpId, tool, given, more);
  expect(reply.headers.get('content-type'), reply.text.slice(0, 500)).toBe('application/problem+json');
  const problem = reply.body as Problem;
  const execution = await ask<Execution>(api, 200, 'GET', `/api/v1/executions/${problem.executionId}`);
  return { status: reply.status, problem, execution };
}

/** The whole history of one stream. */
export async function history(api: Api, stream: string): Promise<readonly EventItem[]> {
  const path = `/api/v1/streams/${stream}/events?limit=200`;
  return (await ask<{ items: readonly EventItem[] }>(api, 200, 'GET', path)).items;
}

/** Text of the first block of content. */
export function textOf({ result }: Execution): string {
  return result?.content[0]?.text ?? '';
}
