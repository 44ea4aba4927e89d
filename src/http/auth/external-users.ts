import { v7 as uuidv7 } from 'uuid';
import { recognise, type Unknown } from '../../commands/identities.ts';
import type { CommandContext } from '../../commands/context.ts';
import type { UserDeps } from '../../commands/users.ts';
import { DomainError } from '../../domain/error.ts';
import { isScope } from '../../commands/oauth.ts';
import type { ExternalToken } from '../oauth/external-tokens.ts';
import type { ExternalClaims } from './access-tokens.ts';
import { anonymous } from './anonymous.ts';
import type { Caller } from './use-recorder.ts';

/** Finds out who the user of a token from elsewhere is here. @throws DomainError as signing in does */
export type ExternalUsers = (token: ExternalToken, caller: Caller) => Promise<ExternalClaims>;

interface Rules {
  readonly mayRegister: boolean;
  readonly endWaysIn: (command: CommandContext, ...ending: Parameters<Unknown['endWaysIn']>) => Promise<unknown>;
}

/**
 * Users of another authorization server are recognised as those are who sign in with an identity provider: by issuer and
 * subject, the first time by an address that it has verified. Several requests that come with somebody's first token at
 * once make one account of him.
 */
export function createExternalUsers(deps: UserDeps, { mayRegister, endWaysIn }: Rules): ExternalUsers {
  const underWay = new Map<string, Promise<string>>();

  const identify = async (token: ExternalToken, { correlationId, remoteAddress }: Caller): Promise<string> => {
    const { vouched, issuedAt } = token;
    const attempt = async (): Promise<string> => {
      const base = { commandId: uuidv7(), principal: anonymous, correlationId };
      const command = remoteAddress === undefined ? base : { ...base, remoteAddress };
      const unknown = {
        mayRegister,
        endWaysIn: (...ending: Parameters<Unknown['endWaysIn']>) => endWaysIn(command, ...ending),
      };
      return (await recognise(deps, command, { ...vouched, saidAt: issuedAt }, unknown)).userId;
    };
    try {
      return await attempt();
    } catch (error) {
      // Another process meets him for the first time as well: the account is there now.
      if (!(error instanceof DomainError) || error.kind !== 'conflict' || error.code === 'last_admin') throw error;
      return attempt();
    }
  };

  return async (token, caller) => {
    const { clientId, scopes, resources, expiresAt, vouched } = token;
    const { issuer, subject } = vouched.identity;
    const key = JSON.stringify([issuer, subject]);
    // One after the other: a later token may say other roles.
    const before = underWay.get(key) ?? Promise.resolve('');
    const work = before.then(
      () => identify(token, caller),
      () => identify(token, caller),
    );
    underWay.set(key, work);
    try {
      const userId = await work;
      return { userId, issuer, subject, clientId, scopes: scopes.filter(isScope), resources, expiresAt };
    } finally {
      if (underWay.get(key) === work) underWay.delete(key);
    }
  };
}
