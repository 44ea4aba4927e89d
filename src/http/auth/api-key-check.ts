import { LRUCache } from 'lru-cache';
import { hash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { idOfApiKey } from '../../commands/api-key-text.ts';
import { isApiKey, recordApiKeyUse, useRecordedEveryMs } from '../../commands/api-keys.ts';
import type { CommandContext } from '../../commands/context.ts';
import { recordDenial } from '../../commands/denials.ts';
import type { CommandDeps } from '../../commands/deps.ts';
import type { Principal } from '../../domain/access/principal.ts';
import type { Logger } from '../../ports/logger.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { challenge } from '../problem/problem-of.ts';
import type { KnownApiKey } from './known-api-key.ts';
import type { Principals } from './principals.ts';

/** Where a credential comes from. */
export interface Caller {
  readonly correlationId: string;
  readonly remoteAddress: string | undefined;
}

/** Of an API key that was good when it was looked at. */
export interface KeyClaims {
  readonly keyId: string;
  readonly caller: Caller;
}

export interface CheckedKey {
  readonly principal: Principal;
  readonly claims: KeyClaims;
}

export interface ApiKeyCheck {
  /** @throws HttpProblem 401 it is no key, or is over; 403 it may not be used from there, which is recorded */
  readonly check: (key: string, caller: Caller) => CheckedKey | Promise<CheckedKey>;
  /** Looks again whether a key is good; undefined when it is over. */
  readonly renew: (claims: KeyClaims) => Promise<CheckedKey | undefined>;
  /** Answers when what was to be recorded is. */
  readonly close: () => Promise<void>;
}

/** Keys whose secrets were compared, and that have been used, remembered at most. */
const capacity = 10_000;

/**
 * Checks API keys. The secret of a key is compared once and its text remembered by a hash; whether the key is revoked,
 * over, or used from elsewhere is looked at on every use.
 */
export function createApiKeyCheck(deps: CommandDeps, principals: Principals, logger: Logger): ApiKeyCheck {
  /** Hash of a key's text -> id of the key. */
  const compared = new LRUCache<string, string>({ max: capacity });
  /** Id -> when its use was recorded last by this process. */
  const recorded = new LRUCache<string, number>({ max: capacity });
  const recording = new Set<Promise<void>>();

  const recordUse = ({ id, principal }: KnownApiKey, caller: Caller): void => {
    const now = deps.clock();
    if (now - (recorded.get(id) ?? -Infinity) < useRecordedEveryMs) return;
    recorded.set(id, now);
    // Not waited for: a call is not slower for it, and one that cannot be recorded is served all the same.
    const work: Promise<void> = recordApiKeyUse(deps, commandOf(principal, caller), id, caller.remoteAddress)
      .catch((error: unknown) => {
        recorded.delete(id);
        logger.warn({ error }, 'the use of an API key could not be recorded');
      })
      .finally(() => recording.delete(work));
    recording.add(work);
  };
  const used = (key: KnownApiKey, caller: Caller): CheckedKey | Promise<CheckedKey> => {
    if (key.expiresAt <= deps.clock()) throw invalidKey('the API key has expired');
    if (!key.admits(caller.remoteAddress)) return refuse(key, caller);
    recordUse(key, caller);
    return { principal: key.principal, claims: { keyId: key.id, caller } };
  };
  const refuse = async ({ id, principal }: KnownApiKey, caller: Caller): Promise<never> => {
    const reason = `the API key may not be used from ${caller.remoteAddress ?? 'an unknown address'}`;
    await recordDenial(deps, commandOf(principal, caller), 'api-key:use', `apiKey-${id}`, reason);
    throw new HttpProblem(403, 'address_not_allowed', 'this API key may not be used from this address');
  };
  const compare = async (text: string, textHash: string, id: string, caller: Caller): Promise<CheckedKey> => {
    const key = await principals.ofKey(id);
    if (!key || !isApiKey(deps, text, key.secretHash)) throw invalidKey('the API key is not valid');
    compared.set(textHash, id);
    return used(key, caller);
  };

  return {
    check(text, caller) {
      const textHash = hash('sha256', text, 'base64');
      const known = compared.get(textHash);
      const key = known === undefined ? undefined : principals.ofKey(known);
      // The usual case, without a promise: the key and its owner are known.
      if (key && !(key instanceof Promise)) return used(key, caller);
      const id = known ?? idOfApiKey(text);
      if (id === undefined) throw invalidKey('this is not an API key: was all of it copied?');
      return compare(text, textHash, id, caller);
    },
    async renew(claims) {
      const key = await principals.ofKey(claims.keyId);
      if (!key || key.expiresAt <= deps.clock()) return undefined;
      return { principal: key.principal, claims };
    },
    close: async () => {
      await Promise.all(recording);
    },
  };
}

function commandOf(principal: Principal, { correlationId, remoteAddress }: Caller): CommandContext {
  const base = { commandId: uuidv7(), principal, correlationId };
  return remoteAddress === undefined ? base : { ...base, remoteAddress };
}

function invalidKey(detail: string): HttpProblem {
  return new HttpProblem(401, 'invalid_api_key', detail, { headers: challenge('invalid_token') });
}
