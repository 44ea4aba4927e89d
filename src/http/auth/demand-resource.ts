import type { ResourceName } from '../oauth/resources.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { challenge } from '../problem/problem-of.ts';

/** A token for something else is none here (RFC 8707), whoever signed it. @throws HttpProblem 401 */
export function demandResource(resources: readonly ResourceName[], resource: ResourceName): void {
  if (resources.includes(resource)) return;
  const headers = challenge('invalid_token');
  throw new HttpProblem(401, 'invalid_token', 'the access token is for another resource', { headers });
}
