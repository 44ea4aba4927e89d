import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { Logger } from '../ports/logger.ts';
import type { AddressOf } from './middleware/client-address.ts';
import { reasonOf } from './middleware/reason.ts';
import { HttpProblem } from './problem/http-problem.ts';
import { problemOf } from './problem/problem-of.ts';
import { mountRoutes } from './route/mount.ts';
import { RequestContext } from './route/request-context.ts';
import type { Route } from './route/route.ts';
import { contextOf, type Pipeline } from './route/serve.ts';

interface AppParts {
  readonly routes: readonly Route[];
  readonly pipeline: Pipeline;
  readonly checkHost: (host: string | undefined) => void;
  readonly addressOf: AddressOf;
  readonly logger: Logger;
}

/** The Express app: a request begins, its route serves it, and whatever goes wrong becomes a problem document. */
export function createApp({ routes, pipeline, checkHost, addressOf, logger }: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // One spelling for each route: limits and rules that name a path cannot be walked around by another spelling.
  app.enable('strict routing');
  app.enable('case sensitive routing');
  app.use(begin(checkHost, addressOf));
  mountRoutes(app, routes, pipeline);
  app.use((_request, _response, next) => next(new HttpProblem(404, 'not_found', 'there is nothing at this path')));
  app.use(answerProblem(pipeline, logger));
  return app;
}

function begin(checkHost: AppParts['checkHost'], addressOf: AddressOf): RequestHandler {
  return (request, response, next) => {
    const context = new RequestContext(request, response, addressOf(request));
    response.locals['context'] = context;
    checkHost(request.headers.host);
    context.reason = reasonOf(request.headers['x-reason']);
    next();
  };
}

/** What is not built yet, and what an MCP server did: the record of its call tells that. */
const notOurs: ReadonlySet<number> = new Set([501, 502, 504]);

function answerProblem({ writer, wrote }: Pipeline, logger: Logger): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, request, response, _next) => {
    const problem = problemOf(error);
    const context = contextOf(response);
    if (problem.status >= 500 && !notOurs.has(problem.status)) {
      const { correlationId } = context;
      const fields = { error: problem.cause ?? problem, correlationId, method: request.method, path: request.path };
      logger.error(fields, `request failed: ${problem.code}`);
    }
    if (response.headersSent) {
      // Part of the answer has gone out: only breaking the connection tells the client that the rest is missing.
      response.destroy();
      return;
    }
    wrote(context, problem.position);
    writer.problem(context, problem);
  };
}
