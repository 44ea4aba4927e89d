import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { DomainError } from '../../domain/error.ts';
import type { Answer } from '../answer.ts';

interface Kept {
  readonly requestHash: string;
  readonly answer: Answer | undefined;
}

type RunSecret = (actor: string, key: string, request: string, run: () => Promise<Answer>) => Promise<Answer>;

/**
 * The same promise as for other answers, for those that carry tokens: they are never stored, so they are given again
 * only by this process, and only for a while.
 * @param capacity answers kept at most
 * @param ttlMs how long
 */
export function createSecretAnswers(capacity = 1000, ttlMs = 10 * 60_000): RunSecret {
  const kept = new LRUCache<string, Kept>({ max: capacity, ttl: ttlMs });
  return async (actor, key, request, run) => {
    const id = `${actor} ${key}`;
    const requestHash = createHash('sha256').update(request).digest('base64');
    const before = kept.get(id);
    if (before) {
      if (before.requestHash !== requestHash) {
        throw new DomainError('invalid', 'idempotency_key_reused', 'this Idempotency-Key was used for another request');
      }
      if (!before.answer) {
        const message = 'a request with this Idempotency-Key is still running';
        throw new DomainError('conflict', 'request_in_progress', message);
      }
      return { ...before.answer, headers: { ...before.answer.headers, 'Idempotent-Replayed': 'true' } };
    }
    kept.set(id, { requestHash, answer: undefined });
    try {
      const answer = await run();
      kept.set(id, { requestHash, answer });
      return answer;
    } catch (error) {
      kept.delete(id);
      throw error;
    }
  };
}
