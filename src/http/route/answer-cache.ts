import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { may } from '../../domain/access/principal.ts';
import type { SharedCache } from '../../ports/coordination.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ReadModels } from '../../ports/read-models.ts';
import { isJson, type Answer, type JsonAnswer } from '../answer.ts';
import type { RequestContext } from './request-context.ts';
import type { Prepared, Route } from './route.ts';

/** What is kept is right for its key for ever; after so long it only takes room. */
const keptMs = 60_000;
/** Characters of answers that this process keeps itself, in front of what all share. */
const ownRoom = 8 * 1024 * 1024;
const mostOfOne = 64 * 1024;

export type CacheOutcome = 'hit_own' | 'hit_shared' | 'miss';

export interface AnswerCacheOptions {
  readonly models: ReadModels;
  readonly shared: SharedCache;
  /** Of the log whose events made the models: what was made from another one is not for here. */
  readonly logId: string;
  readonly logger: Logger;
  readonly count: (outcome: CacheOutcome) => void;
}

/** Answers a read with what it was answered before, as long as nothing that it depends on has changed. */
export type AnswerCache = (route: Route, context: RequestContext, run: Prepared) => Promise<Answer>;

interface Kept {
  readonly answer: JsonAnswer;
  readonly size: number;
}

const keptSchema = z.object({ body: z.unknown(), revision: z.exactOptional(z.number()) });

/**
 * Keeps answers of routes that say so, from read models whose store is another process. There is nothing to invalidate: a
 * model that has changed has another key. What was kept under a key is never older than the model was at that key.
 */
export function createAnswerCache(options: AnswerCacheOptions): AnswerCache {
  const { models, shared, logId, logger, count } = options;
  const own = new LRUCache<string, Kept>({ maxSize: ownRoom, sizeCalculation: ({ size }) => size, ttl: keptMs });

  async function find(key: string): Promise<JsonAnswer | undefined> {
    const kept = own.get(key);
    if (kept !== undefined) {
      count('hit_own');
      return kept.answer;
    }
    const text = await shared.get(key);
    const answer = text === undefined ? undefined : answerOf(text);
    if (text === undefined || answer === undefined) return undefined;
    own.set(key, { answer, size: text.length + 1 });
    count('hit_shared');
    return answer;
  }

  function keep(key: string, answer: JsonAnswer): void {
    const { body, revision } = answer;
    const text = JSON.stringify({ body, ...(revision !== undefined && { revision }) });
    if (text.length > mostOfOne) return;
    own.set(key, { answer: { ...answer, shared: true }, size: text.length + 1 });
    // Nobody waits for it: the answer is there.
    shared.set(key, text, keptMs).catch((error: unknown) => logger.error({ error }, 'an answer could not be kept'));
  }

  return async (route, context, run) => {
    const key = keyOf(route, context, models, logId);
    if (key === undefined) return run(context);
    const kept = await find(key);
    if (kept !== undefined) return kept;
    count('miss');
    const answer = await run(context);
    // A model that has moved or was replaced meanwhile: whose answer this is could not be told.
    if (isKeepable(answer) && keyOf(route, context, models, logId) === key) keep(key, answer);
    return answer;
  };
}

/** Whatever makes an answer another one; undefined where answers are not kept. */
function keyOf(route: Route, context: RequestContext, models: ReadModels, logId: string): string | undefined {
  const { reads, keeps, access } = route;
  if (reads === undefined || keeps === undefined || !('permission' in access)) return undefined;
  const { params, query, method } = context.request;
  // Of the past, which the log tells.
  if (method !== 'GET' || 'asOf' in query || 'revision' in query) return undefined;
  const states = [reads, ...(keeps.alsoReads ?? [])].map((name) => ({ name, ...models.state(name) }));
  if (!states.every(({ isRemote }) => isRemote === true)) return undefined;
  const { principal } = context;
  const { roles, permissions, scopes, tenant } = principal;
  // Who may do it with everything gets what all get who may do the same.
  const who = may(principal, access.permission) ? null : [principal.actor, principal.via];
  const asked = [route.path, sorted(params), sorted(query)];
  const seen = [tenant, who, inOrder(roles), inOrder(permissions), inOrder(scopes)];
  return hash('sha256', JSON.stringify([logId, states, asked, seen]), 'base64url');
}

function sorted(values: object): readonly (readonly [string, unknown])[] {
  return Object.entries(values).sort(([one], [other]) => (one < other ? -1 : 1));
}

function inOrder(names: readonly string[] | undefined): readonly string[] | null {
  return names === undefined ? null : [...names].sort();
}

function isKeepable(answer: Answer): answer is JsonAnswer {
  if (!isJson(answer)) return false;
  const { status, headers, body, position, secret } = answer;
  return status === 200 && headers === undefined && position === undefined && secret !== true && isObject(body);
}

function isObject(body: unknown): body is object {
  return typeof body === 'object' && body !== null;
}

/** Undefined for what others have put there. */
function answerOf(text: string): JsonAnswer | undefined {
  try {
    const { data } = keptSchema.safeParse(JSON.parse(text));
    return data && isObject(data.body) ? { status: 200, ...data, shared: true } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
