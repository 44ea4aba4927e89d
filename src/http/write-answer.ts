import { jsonText } from '../queries/json-text.ts';
import { entityTag, type Answer, type JsonAnswer } from './answer.ts';
import { limitHeaders } from './limits/headers.ts';
import type { HttpMetrics } from './metrics.ts';
import type { Headers } from './middleware/security-headers.ts';
import type { HttpProblem } from './problem/http-problem.ts';
import { problemDocument, problemMediaType } from './problem/problem-document.ts';
import type { RequestContext } from './route/request-context.ts';

type Head = Record<string, string | number>;

export interface AnswerWriter {
  answer(context: RequestContext, answer: Answer): Promise<void> | void;
  problem(context: RequestContext, problem: HttpProblem): void;
}

/**
 * The only place that writes to responses, streams' bodies apart.
 * @param metadata where a client finds out how to get a token for a path (RFC 9728, 5.1)
 */
export function createAnswerWriter(
  security: Headers,
  metrics: HttpMetrics,
  metadata: (path: string) => string | undefined = () => undefined,
): AnswerWriter {
  const headOf = (context: RequestContext): Head => ({
    ...security,
    'X-Correlation-Id': context.correlationId,
    traceparent: context.traceparent,
    ...(context.budgets && limitHeaders(context.budgets)),
  });
  const observe = ({ request, route, startedAt }: RequestContext, status: number): void =>
    metrics.observe(request.method, route, status, (performance.now() - startedAt) / 1000);
  const end = (context: RequestContext, status: number, head: Head, body?: string | Uint8Array): void => {
    context.response.writeHead(status, head);
    context.response.end(body);
    observe(context, status);
  };
  return {
    answer(context, answer) {
      const head = headOf(context);
      if (answer.kind === 'text') {
        const bytes = typeof answer.text === 'string' ? Buffer.from(answer.text) : answer.text;
        Object.assign(head, { 'Content-Type': answer.contentType, 'Content-Length': bytes.length }, answer.headers);
        end(context, answer.status, head, bytes);
      } else if (answer.kind === 'written') {
        for (const [name, value] of Object.entries(head)) context.response.setHeader(name, value);
        return answer.write(context.response).then(() => observe(context, context.response.statusCode));
      } else if (answer.kind === 'stream') {
        Object.assign(head, { 'Content-Type': answer.contentType, 'Cache-Control': 'no-store' }, answer.headers);
        if (answer.endsConnection) context.response.useChunkedEncodingByDefault = false;
        context.response.writeHead(answer.status, head);
        observe(context, answer.status);
        if (context.request.method !== 'HEAD') return answer.write(context.response);
        context.response.end();
        return answer.discard?.();
      } else {
        const { status, text } = jsonAnswer(context, answer, head);
        end(context, status, head, text);
      }
    },
    problem(context, problem) {
      const { request, correlationId } = context;
      const text = JSON.stringify(problemDocument(problem, request.path, correlationId));
      const head = headOf(context);
      head['Content-Type'] = problemMediaType;
      head['Content-Length'] = Buffer.byteLength(text);
      head['Cache-Control'] = 'no-store';
      if (problem.position !== undefined) head['X-Event-Position'] = problem.position;
      end(context, problem.status, Object.assign(head, withMetadata(problem.headers, metadata(request.path))), text);
    },
  };
}

/** A refusal that asks for a token says where to learn how to get one. */
function withMetadata(headers: HttpProblem['headers'], address: string | undefined): HttpProblem['headers'] {
  const { 'WWW-Authenticate': challenge } = headers;
  if (challenge === undefined || address === undefined) return headers;
  return { ...headers, 'WWW-Authenticate': `${challenge}, resource_metadata="${address}"` };
}

/** Completes the head, and tells what is left to send. */
function jsonAnswer({ request }: RequestContext, answer: JsonAnswer, head: Head): { status: number; text?: string } {
  head['Cache-Control'] = answer.secret ? 'no-store' : 'private, no-cache';
  if (answer.position !== undefined) head['X-Event-Position'] = answer.position;
  if (answer.headers) Object.assign(head, answer.headers);
  if (answer.revision !== undefined) {
    const tag = entityTag(answer.revision);
    head['ETag'] = tag;
    if (isRead(request.method) && matches(request.headers['if-none-match'], tag)) return { status: 304 };
  }
  if (answer.body === undefined) return { status: answer.status };
  const text = answer.shared ? jsonText(answer.body as object) : JSON.stringify(answer.body);
  head['Content-Type'] ??= 'application/json';
  head['Content-Length'] = Buffer.byteLength(text);
  return { status: answer.status, text };
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Weak comparison, as `If-None-Match` wants it (RFC 9110, 13.1.2). */
function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag);
}
