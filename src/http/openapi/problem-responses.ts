import { STATUS_CODES } from 'node:http';
import { classOf } from '../limits/request-use.ts';
import { problemSchema } from '../schemas/common.ts';
import { problemMediaType } from '../problem/problem-document.ts';
import type { Route } from '../route/route.ts';

const meanings: Readonly<Record<number, string>> = {
  400: 'The body cannot be read: not JSON, not UTF-8, nested too deeply',
  401: 'No access token, or one that is not valid',
  403: 'The permission is missing; the refusal is recorded',
  404: 'There is no such thing, or it may not be seen',
  409: 'The state of the resource does not allow it',
  410: 'The request was done before, and its answer told of a user who has been erased',
  412: 'The resource has another revision than If-Match says',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'The input is not valid; every fault is named',
  429: 'Too many requests; wait as long as Retry-After says',
  501: 'Not implemented',
  502: 'The MCP server could not be reached, or did not answer as the protocol wants',
  503: 'The store does not answer, and nothing was recorded; or the read model is behind what was asked for',
  504: 'The MCP server did not answer in time',
};

const content = { [problemMediaType]: { schema: problemSchema } };

export const problemResponses = Object.fromEntries(
  Object.entries(meanings).map(([status, description]) => [nameOf(Number(status)), { description, content }]),
);

/** The problems that a route can answer: those that its shape brings with it, and those that it names itself. */
export function problemsOf(route: Route): readonly number[] {
  const { access, method, request, conditional, problems = [] } = route;
  const statuses = new Set<number>([503, ...problems]);
  if (classOf(route) !== 'free') statuses.add(429);
  if ('permission' in access) for (const status of [401, 403]) statuses.add(status);
  if (request?.params) statuses.add(404);
  if (request?.query || request?.body) statuses.add(422);
  if (method !== 'get') for (const status of [400, 413, 415, 422]) statuses.add(status);
  if (method === 'post') statuses.add(409);
  if (conditional) statuses.add(412);
  return [...statuses].sort((one, other) => one - other);
}

export function problemReference(status: number): { readonly $ref: `#/components/responses/${string}` } {
  return { $ref: `#/components/responses/${nameOf(status)}` };
}

function nameOf(status: number): string {
  return (STATUS_CODES[status] ?? String(status)).replaceAll(/[^A-Za-z]/g, '');
}
