import type { ServerResponse } from 'node:http';
import { entityTag, type Answer, type JsonAnswer } from './answer.ts';
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

/** The only place that writes to responses, streams' bodies apart. */
export function createAnswerWriter(security: Headers, metrics: HttpMetrics): AnswerWriter {
  const headOf = (context: RequestContext): Head => ({
    ...security,
    'X-Correlation-Id': context.correlationId,
    traceparent: context.traceparent,
  });
  return {
    answer(context, answer) {
      const head = headOf(context);
      if (answer.kind === 'text') {
        const bytes = typeof answer.text === 'string' ? Buffer.from(answer.text) : answer.text;
        Object.assign(head, { 'Content-Type': answer.contentType, 'Content-Length': bytes.length }, answer.headers);
        end(context.response, answer.status, head, bytes);
      } else if (answer.kind === 'stream') {
        Object.assign(head, { 'Content-Type': answer.contentType, 'Cache-Control': 'no-store' }, answer.headers);
        context.response.writeHead(answer.status, head);
        if (context.request.method === 'HEAD') context.response.end();
        else return answer.write(context.response);
      } else {
        writeJson(context, answer, head);
      }
    },
    problem(context, problem) {
      const { request, response, correlationId } = context;
      const text = JSON.stringify(problemDocument(problem, request.path, correlationId));
      const head = headOf(context);
      head['Content-Type'] = problemMediaType;
      head['Content-Length'] = Buffer.byteLength(text);
      head['Cache-Control'] = 'no-store';
      end(response, problem.status, Object.assign(head, problem.headers), text);
    },
  };
}

function writeJson(context: RequestContext, answer: JsonAnswer, head: Head): void {
  const { request, response } = context;
  head['Cache-Control'] = answer.secret ? 'no-store' : 'private, no-cache';
  if (answer.position !== undefined) head['X-Event-Position'] = answer.position;
  if (answer.headers) Object.assign(head, answer.headers);
  if (answer.revision !== undefined) {
    const tag = entityTag(answer.revision);
    head['ETag'] = tag;
    if (isRead(request.method) && matches(request.headers['if-none-match'], tag)) return end(response, 304, head);
  }
  if (answer.body === undefined) return end(response, answer.status, head);
  const text = JSON.stringify(answer.body);
  head['Content-Type'] = 'application/json';
  head['Content-Length'] = Buffer.byteLength(text);
  end(response, answer.status, head, text);
}

function end(response: ServerResponse, status: number, head: Head, body?: string | Uint8Array): void {
  response.writeHead(status, head);
  response.end(body);
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Weak comparison, as `If-None-Match` wants it (RFC 9110, 13.1.2). */
function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag);
}
