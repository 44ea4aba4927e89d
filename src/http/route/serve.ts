import type { Request, RequestHandler, Response } from 'express';
import { may } from '../../domain/access/principal.ts';
import type { Permission } from '../../domain/access/roles.ts';
import type { Position } from '../../ports/event-store.ts';
import type { Answer } from '../answer.ts';
import type { ReadBody } from '../middleware/json-body.ts';
import type { AnswerWriter } from '../write-answer.ts';
import { expectedRevisionOf } from './if-match.ts';
import type { RequestContext } from './request-context.ts';
import type { Prepared, Route } from './route.ts';

/** What stands between a request and the handler of its route. */
export interface Pipeline {
  /** Finds out who asks. @throws HttpProblem 401 */
  readonly authenticate: (context: RequestContext) => Promise<void> | undefined;
  /** Records a denial. @throws DomainError `permission_missing`, always */
  readonly deny: (context: RequestContext, permission: Permission, resource: string) => Promise<void>;
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
  const { access, request: schemas } = route;
  const changes = route.method !== 'get';
  const takesQuery = schemas?.query !== undefined;
  return async (request, response) => {
    const context = contextOf(response);
    context.route = route.path;
    if ('permission' in access && access.unless?.(request) !== true) {
      const pending = pipeline.authenticate(context);
      if (pending) await pending;
      if (!may(context.principal, access.permission))
        await pipeline.deny(context, access.permission, resourceOf(request));
    }
    if (route.conditional) context.expectedRevision = expectedRevisionOf(request.headers['if-match']);
    const body = changes ? await pipeline.readBody(request, response) : undefined;
    const query: unknown = takesQuery || request.url.includes('?') ? request.query : undefined;
    const run = route.prepare({ params: request.params, query, body });

    let answer: Answer;
    if (!changes) answer = await (route.reads === undefined ? run(context) : pipeline.read(route, context, run));
    else if (request.headers['idempotency-key'] === undefined || route.method !== 'post') answer = await run(context);
    else answer = await pipeline.once(route, context, body, run);

    if (changes && answer.kind !== 'stream' && answer.kind !== 'text') pipeline.wrote(context, answer.position);
    // Not awaited here: a stream may go on for days, and need not keep all this.
    return pipeline.writer.answer(context, answer);
  };
}

function resourceOf(request: Request): string {
  return `${request.method} ${request.path}`;
}
