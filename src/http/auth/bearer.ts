import type { IncomingHttpHeaders } from 'node:http';
import { apiKeyPrefix } from '../../commands/api-key-text.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { challenge } from '../problem/problem-of.ts';

const bearer = /^Bearer +([^\s]{1,4096}) *$/i;

/**
 * The access token or API key of a request: in `Authorization` (RFC 6750), and an API key also in `X-API-Key`. One that
 * brings two different ones does not say who asks.
 * @throws HttpProblem 401
 */
export function credentialTextOf({ authorization, 'x-api-key': key }: IncomingHttpHeaders): string {
  if (key === undefined) return bearerTokenOf(authorization);
  if (typeof key !== 'string' || !key.startsWith(apiKeyPrefix)) throw refused('X-API-Key must be an API key');
  if (authorization !== undefined && bearerTokenOf(authorization) !== key) {
    throw refused('Authorization and X-API-Key must not be of two principals: send one of them');
  }
  return key;
}

/** The token of an `Authorization` header (RFC 6750). @throws HttpProblem 401 */
function bearerTokenOf(header: string | undefined): string {
  if (header === undefined) throw refused('this needs an access token or an API key');
  const token = bearer.exec(header)?.[1];
  if (token !== undefined) return token;
  throw refused('the Authorization header must be "Bearer" and an access token or an API key');
}

function refused(detail: string): HttpProblem {
  return new HttpProblem(401, 'unauthenticated', detail, { headers: challenge() });
}
