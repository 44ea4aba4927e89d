import { HttpProblem } from '../problem/http-problem.ts';
import { challenge } from '../problem/problem-of.ts';

const bearer = /^Bearer +([^\s]{1,4096}) *$/i;

/** The token of an `Authorization` header (RFC 6750). @throws HttpProblem 401 */
export function bearerTokenOf(header: string | undefined): string {
  if (header === undefined) {
    throw new HttpProblem(401, 'unauthenticated', 'this needs an access token', { headers: challenge() });
  }
  const token = bearer.exec(header)?.[1];
  if (token !== undefined) return token;
  const detail = 'the Authorization header must be "Bearer" and an access token';
  throw new HttpProblem(401, 'unauthenticated', detail, { headers: challenge() });
}
