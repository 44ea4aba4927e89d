import type { RequestHandler, Response } from 'express';
import { authorize } from '../../domain/access/authorize.ts';
import { anything, everything } from '../../domain/access/resource.ts';
import type { RouteClass } from '../../domain/limits/rule.ts';
import type { Position } from '../../ports/event-store.ts';
import { RateLimited } from '../../ports/limiter.ts';
import { isJson, type Answer } from '../answer.ts';
import type { Count } from '../limits/count.ts';
import { classOf } from '../limits/request-use.ts';
import type { ReadBody } from '../middleware/json-body.ts';
import type { AnswerWriter } from '../write-answer.ts';
import { expectedRevisionOf } from './if-match.ts';
import type { RequestContext } from './request-context.ts';
import type { GuardedAccess, Prepared, Route } from './route.ts';

/** What stands between a request and the handler of its route. */
export interface Pipeline {
  /** Finds out who asks. @throws HttpProblem 401 */
  readonly authenticate: (context: RequestContext) => Promise<void> | undefined;
  /** Looks closer at who may not do it with everything. @throws DomainError unless he may all the same */
  readonly admit: (route: Route, access: GuardedAccess, context: RequestContext) => Promise<void>;
  /** Takes from the budgets of whoever asks. @throws RateLimited */
  readonly count: Count;
  readonly readBody: ReadBody;
  /** Runs a change once for each `Idempotency-Key`. */
  readonly once: (route: Route, context: RequestContext, body: unknown, run: Prepared) => Promise<Answer>;
  /** Lets a read see what its caller wrote, and tells how far the read model is. */
  readonly read: (route: Route, context: RequestContext, run: Prepared) => Promise<Answer>;
  /** Remembers how far a principal has written. */
  readonly wrote: (context: RequestContext, position: Position | undefined) => void;
  readonly writer: AnswerWriter;
}

/** The context of a request that has begun. */
export function contextOf(response: Response): RequestContext {
  return response.locals['context'] as RequestContext;
}

/** Everything that happens to a request of one route, in order. Errors go on to the error handler. */
export function serve(route: Route, pipeline: Pipeline): RequestHandler {
  const counted = classOf(route);
  const answer = answering(route, pipeline, counted);
  if (counted === 'free') return answer;
  return async (request, response, next) => {
    const context = contextOf(response);
    try {
      await answer(request, response, next);
    } catch (error) {
      // Refused before it came to be counted: it was a use all the same.
      if (context.budgets === undefined && !(error instanceof RateLimited)) await pipeline.count(counted, context);
      throw error;
    }
  };
}

function answering(route: Route, pipeline: Pipeline, counted: RouteClass | 'free'): RequestHandler {
  const { access, request: schemas } = route;
  const changes = route.method !== 'get';
  const takesQuery = schemas?.query !== undefined;
  const raw = route.raw === true;
  return async (request, response) => {
    const context = contextOf(response);
    context.route = route.path;
    const isGuarded = 'permission' in access && access.unless?.(request) !== true;
    if (isGuarded) {
      const pending = pipeline.authenticate(context);
      if (pending) await pending;
    }
    // Before anything is recorded: not the key of a request either, nor that somebody was refused.
    if (counted !== 'free') await pipeline.count(counted, context);
    if (isGuarded && !passes(access, context)) await pipeline.admit(route, access, context);
    if (route.conditional) context.expectedRevision = expectedRevisionOf(request.headers['if-match']);
    const body = changes && !raw ? await pipeline.readBody(request, response) : undefined;
    const query: unknown = takesQuery || (!raw && request.url.includes('?')) ? request.query : undefined;
    const run = route.prepare({ params: request.params, query, body });

    let answer: Answer;
    if (!changes) answer = await (route.reads === undefined ? run(context) : pipeline.read(route, context, run));
    else if (raw || request.headers['idempotency-key'] === undefined || route.method !== 'post')
      answer = await run(context);
    else answer = await pipeline.once(route, context, body, run);

    if (changes && isJson(answer)) pipeline.wrote(context, answer.position);
    // Not awaited here: a stream may go on for days, and need not keep all this.
    return pipeline.writer.answer(context, answer);
  };
}

/** The usual case, without a promise. */
function passes({ permission, on, session }: GuardedAccess, { principal }: RequestContext): boolean {
  if (session && principal.sessionId === null) return false;
  return authorize(principal, permission, on === 'some' ? anything : everything).allowed;
}
