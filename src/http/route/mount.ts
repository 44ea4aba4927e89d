import type { Express, RequestHandler } from 'express';
import { HttpProblem } from '../problem/http-problem.ts';
import { contextOf, serve, type Pipeline } from './serve.ts';
import type { Method, Route } from './route.ts';

/**
 * Puts the routes on the app, fixed segments before parameters. A known path with another method is a 405 that names the
 * right ones.
 * @throws Error two routes have the same method and path
 */
export function mountRoutes(app: Express, routes: readonly Route[], pipeline: Pipeline): void {
  for (const [path, atPath] of groupByPath(routes)) {
    const mounted = app.route(path.replace(/\{(\w+)\}/g, ':$1'));
    if (isCrossOrigin(atPath)) mounted.all(openToPages);
    for (const route of atPath) mounted[route.method](serve(route, pipeline));
    mounted.all(refuseMethod(atPath, pipeline));
  }
}

function groupByPath(routes: readonly Route[]): readonly (readonly [string, readonly Route[]])[] {
  const groups = new Map<string, Route[]>();
  for (const route of routes) {
    const group = groups.get(route.path) ?? [];
    if (group.some(({ method }) => method === route.method)) {
      throw new Error(`${route.method.toUpperCase()} ${route.path} is defined twice`);
    }
    groups.set(route.path, [...group, route]);
  }
  // A stable sort: routes that are equal here stay in the order of the table, where the busiest stand first.
  return [...groups].sort(([one], [other]) => parameterRank(one) - parameterRank(other));
}

/** Paths whose parameter comes early would also match the fixed segments of others. */
function parameterRank(path: string): number {
  return path.includes('{') ? 1 : 0;
}

function refuseMethod(routes: readonly Route[], { writer }: Pipeline): RequestHandler {
  const verbs = routes.flatMap(({ method }) => verbsOf(method));
  const headers = {
    Allow: [...new Set([...verbs, 'OPTIONS'])].sort().join(', '),
    ...(isCrossOrigin(routes) ? preflight(verbs) : {}),
  };
  return (request, response, next) => {
    if (request.method === 'OPTIONS') {
      void writer.answer(contextOf(response), { status: 204, headers });
    } else {
      next(new HttpProblem(405, 'method_not_allowed', `${request.method} is not possible here`, { headers }));
    }
  };
}

function verbsOf(method: Method): readonly string[] {
  return method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()];
}

function isCrossOrigin(routes: readonly Route[]): boolean {
  return routes.length > 0 && routes.every(({ crossOrigin }) => crossOrigin === true);
}

/** Whatever is answered, refusals included: a page has to see what went wrong. */
const openToPages: RequestHandler = (_request, response, next) => {
  response.setHeader('Access-Control-Allow-Origin', '*');
  next();
};

/** What a page may send. Cookies are not among it: an answer for every origin is read by none that was sent them. */
function preflight(verbs: readonly string[]): Readonly<Record<string, string>> {
  return {
    'Access-Control-Allow-Methods': verbs.join(', '),
    'Access-Control-Allow-Headers': 'Content-Type, MCP-Protocol-Version',
    'Access-Control-Max-Age': '86400',
  };
}
