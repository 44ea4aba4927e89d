import type { OpenedSession } from '../../commands/sessions.ts';
import type { JsonAnswer } from '../answer.ts';
import { issueAccessToken } from '../auth/access-tokens.ts';
import type { RouteParts } from './parts.ts';

/** The tokens of a session that was opened or went on. */
export async function tokenAnswer(
  { settings, commands, keys }: RouteParts,
  { userId, sessionId, refreshToken: next, position }: OpenedSession,
): Promise<JsonAnswer> {
  const token = { keys, ttlMs: settings.accessTokenTtlMs };
  const { accessToken, expiresIn } = await issueAccessToken(token, commands.clock(), { userId, sessionId });
  const body = { accessToken, refreshToken: next, tokenType: 'Bearer', expiresIn };
  return { status: 200, body, position, secret: true };
}
