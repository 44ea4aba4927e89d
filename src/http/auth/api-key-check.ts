import { LRUCache } from 'lru-cache';
import { hash } from 'node:crypto';
import { idOfApiKey } from '../../commands/api-key-text.ts';
import { isApiKey, recordApiKeyUse } from '../../commands/api-keys.ts';
import { recordDenial } from '../../commands/denials.ts';
import type { CommandDeps } from '../../commands/deps.ts';
import { createOnceAMinute } from '../../commands/once-a-minute.ts';
import type { Principal } from '../../domain/access/principal.ts';
import type { Logger } from '../../ports/logger.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { challenge } from '../problem/problem-of.ts';
import type { KnownApiKey } from './known-api-key.ts';
import type { Principals } from './principals.ts';
import { commandOf, createUseRecorder, type Caller } from './use-recorder.ts';

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
  /**
   * @throws HttpProblem 401 it is no key, or is over; 403 it may not be used from there, which is recorded: for each address
   * once a minute, since no rate limit is asked before it is known who it is
   */
  readonly check: (key: string, caller: Caller) => CheckedKey | Promise<CheckedKey>;
  /** Looks again whether a key is good; undefined when it is over. */
  readonly renew: (claims: KeyClaims) => Promise<CheckedKey | undefined>;
  /** Answers when what was to be recorded is. */
  readonly close: () => Promise<void>;
}

/** Keys whose secrets were compared, remembered at most. */
const capacity = 10_000;

/**
 * Checks API keys. The secret of a key is compared once and its text remembered by a hash; whether the key is revoked,
 * over, or used from elsewhere is looked at on every use.
 */
export function createApiKeyCheck(deps: CommandDeps, principals: Principals, logger: Logger): ApiKeyCheck {
  /** Hash of a key's text -> id of the key. */
  const compared = new LRUCache<string, string>({ max: capacity });
  const onceAMinute = createOnceAMinute(deps.clock);
  const uses = createUseRecorder({
    record: (command, id, address) => recordApiKeyUse(deps, command, id, address),
    clock: deps.clock,
    logger,
    what: 'an API key',
  });

  const used = (key: KnownApiKey, caller: Caller): CheckedKey | Promise<CheckedKey> => {
    if (key.expiresAt <= deps.clock()) throw invalidKey('the API key has expired');
    if (!key.admits(caller.remoteAddress)) return refuse(key, caller);
    uses.used(key.id, key.principal, caller);
    return { principal: key.principal, claims: { keyId: key.id, caller } };
  };
  const refuse = async ({ id, principal }: KnownApiKey, caller: Caller): Promise<never> => {
    const reason = `the API key may not be used from ${caller.remoteAddress ?? 'an unknown address'}`;
    await onceAMinute(id, caller.remoteAddress ?? '', (andMore) =>
      recordDenial(deps, commandOf(principal, caller), 'api-key:use', `apiKey-${id}`, reason, undefined, andMore),
    );
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
    close: uses.close,
  };
}

function invalidKey(detail: string): HttpProblem {
  return new HttpProblem(401, 'invalid_api_key', detail, { headers: challenge('invalid_token') });
}
