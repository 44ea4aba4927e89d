import { randomBytes } from 'node:crypto';
import type { CommandDeps } from '../../commands/deps.ts';
import type { SharedCache } from '../../ports/coordination.ts';

/** What sign-ins at the login page are kept with. */
export interface SignIns {
  readonly commands: Pick<CommandDeps, 'keyedHash'>;
  readonly cache: SharedCache;
}

/** Much longer than a browser stays signed in at the login page. */
const keptMs = 24 * 60 * 60_000;

/**
 * Names the time since a user last had every access ended; it changes with each ending. A sign-in at the login page
 * carries the one that it began in, and is over when another one has begun. It lies where the sign-ins lie: when the one
 * is lost, so are the others.
 */
export async function signInEpoch({ commands, cache }: SignIns, userId: string): Promise<string> {
  return (await cache.get(keyOf(commands, userId))) ?? 'first';
}

/** Ends what a user has begun at the login page, whoever sits there. */
export async function endSignIns({ commands, cache }: SignIns, userId: string): Promise<void> {
  await cache.set(keyOf(commands, userId), randomBytes(9).toString('base64url'), keptMs);
}

function keyOf({ keyedHash }: SignIns['commands'], userId: string): string {
  return `oauth:${keyedHash(`oauth-epoch:${userId}`)}`;
}
