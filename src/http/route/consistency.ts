import { LRUCache } from 'lru-cache';
import type { Principal } from '../../domain/access/principal.ts';
import type { Position } from '../../ports/event-store.ts';
import type { ReadModels } from '../../ports/read-models.ts';
import { HttpProblem } from '../problem/http-problem.ts';

const waitMs = 2000;
/** Principals whose last write is remembered. One that is forgotten can still send `X-Wait-For-Position`. */
const capacity = 10_000;

/** Lets readers see what they wrote, although read models follow the log a moment later. */
export interface Consistency {
  wrote(principal: Principal, position: Position): void;
  /** How much of the log the caller wants to see: what is asked for, else up to what he wrote himself. */
  wanted(principal: Principal, asked: Position | undefined): Position;
  /** Answers when the model has a position, after two seconds at the latest; with the one that it has then. */
  settle(model: string, wanted: Position): Promise<Position> | Position;
}

export function createConsistency(models: ReadModels): Consistency {
  const written = new LRUCache<string, Position>({ max: capacity });
  return {
    wrote(principal, position) {
      if (position > (written.get(principal.actor) ?? 0)) written.set(principal.actor, position);
    },
    wanted: (principal, asked) => asked ?? written.get(principal.actor) ?? 0,
    settle(model, wanted) {
      const position = models.position(model);
      return position >= wanted ? position : models.waitFor(model, wanted, waitMs);
    },
  };
}

/** @throws HttpProblem 422 */
export function askedPosition(header: string | string[] | undefined): Position | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  const faults = [{ pointer: '/X-Wait-For-Position', detail: 'must be a position in the log', in: 'header' }] as const;
  throw new HttpProblem(422, 'invalid_input', 'X-Wait-For-Position cannot be understood', { faults });
}
