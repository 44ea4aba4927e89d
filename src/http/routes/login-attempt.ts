import { DomainError } from '../../domain/error.ts';
import type { LoginLimiter } from '../auth/login-limiter.ts';
import type { RequestContext } from '../route/request-context.ts';

/** Checks a password within the limits of guessing. @throws HttpProblem 429 */
export async function guarded<Result>(
  limiter: LoginLimiter,
  username: string,
  { remoteAddress = '' }: RequestContext,
  check: () => Promise<Result>,
): Promise<Result> {
  const attempt = await limiter.begin(username, remoteAddress);
  try {
    const result = await limiter.hashing(check);
    await attempt.succeeded();
    return result;
  } catch (error) {
    // A store that does not answer says nothing about the password.
    if (!(error instanceof DomainError)) await attempt.succeeded();
    throw error;
  }
}
