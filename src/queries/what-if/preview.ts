import { authorize, type Asker } from '../../domain/access/authorize.ts';
import { mcpKey } from '../../domain/access/permission-grammar.ts';
import { roleDefinitionsDecider, roleDefinitionsId } from '../../domain/access/role-definitions.ts';
import {
  limitRulesDecider,
  limitRulesId,
  rulesOf,
  type LimitEvent,
  type LimitRules,
} from '../../domain/limits/decider.ts';
import type { LimitRule } from '../../domain/limits/rule.ts';
import { changedPolicy, type RoleChange } from '../../domain/what-if/change.ts';
import { decideAgain } from '../../domain/what-if/decide-again.ts';
import type { RecordedEvent } from '../../ports/event-store.ts';
import type { QueryDeps } from '../deps.ts';
import { invalid } from '../invalid.ts';
import { decodeCursor, encodeCursor } from '../paging/cursor.ts';
import { pageLimit } from '../paging/page.ts';
import { boundsOf, isWithin, type Interval } from '../time-travel/interval.ts';
import { pastAskersOf } from './past-askers.ts';
import { callTypes, isPermission, pastCallOf, type PastCall } from './past-call.ts';
import { createCourse, createPast } from './past.ts';
import type { Difference, Outcome, Preview } from './preview-types.ts';
import { createReplayedLimits, type CreateWindows } from './replay-limits.ts';

export interface PreviewRequest extends Interval {
  readonly roles: RoleChange;
  /** What changing the rules of rate limits would record; applied to the rules of each moment. */
  readonly limits: readonly LimitEvent[];
  readonly actor?: string;
  /** Name, as it was, or id. */
  readonly mcp?: string;
  readonly tool?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

export interface PreviewOptions {
  readonly reader: Asker;
  readonly createWindows: CreateWindows;
  /** Nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Calls that are decided again for one answer. */
  readonly mostCalls?: number;
}

const eventsAtOnce = 500;
const longestWindowMs = 24 * 60 * 60_000;
const list = 'preview';

/**
 * Decides recorded calls once more, by the policy of their time and by another one, and lists what would come out
 * differently, in the order of the log. The log is streamed: what is kept is one page of differences, facts of a bounded
 * number of streams, and the windows of rate limits.
 * @throws DomainError `invalid_time`, `invalid_cursor`, `invalid_limit`
 */
export async function previewPolicy(
  deps: QueryDeps,
  request: PreviewRequest,
  { reader, createWindows, signal, mostCalls = 50_000 }: PreviewOptions,
): Promise<Preview> {
  const limit = pageLimit(request.limit);
  const [place] = request.cursor === undefined ? [] : decodeCursor(list, request.cursor, 1);
  const bounds = await boundsOf(deps.store, request);
  if (bounds.from !== undefined && bounds.to !== undefined && bounds.from > bounds.to) {
    throw invalid('invalid_time', '/to', 'must not be before from');
  }
  const past = createPast(deps.store);
  const definitionsAt = await createCourse(deps.store, roleDefinitionsDecider, roleDefinitionsId);
  const [inForce, changed] = [changedPolicy({ roles: [], members: [] }), changedPolicy(request.roles)];
  const limits = request.limits.length === 0 ? undefined : await createLimits(deps, request.limits, createWindows);

  const start = bounds.after ?? 0;
  const reported = Math.max(start, place === undefined ? 0 : Number(place));
  const through = Math.min(bounds.through ?? Infinity, await deps.store.head());
  // What was used before the first call counts in its windows, and so do the calls of pages before.
  const primed = bounds.from === undefined ? 0 : await deps.store.positionAt(Date.parse(bounds.from) - longestWindowMs);
  const totals = { calls: 0, allowed: 0, denied: 0, wouldBeAllowed: 0, wouldBeDenied: 0, undecided: 0, differences: 0 };
  const items: Difference[] = [];

  /** Adds one call to the answer. */
  const report = (call: PastCall, outcome: Outcome | undefined): void => {
    totals.calls++;
    totals[call.wasAllowed ? 'allowed' : 'denied']++;
    if (!outcome) {
      totals.undecided++;
      return;
    }
    totals[outcome.would.allowed ? 'wouldBeAllowed' : 'wouldBeDenied']++;
    if (outcome.then.allowed === outcome.would.allowed) return;
    totals.differences++;
    items.push(differenceOf(call, outcome));
  };

  const decide = async (call: PastCall): Promise<Outcome | undefined> => {
    const { event, asked, action, wasAllowed } = call;
    const askers = await pastAskersOf(past, event, definitionsAt(event.position), inForce, changed);
    if (!askers || !asked || !isPermission(action)) return undefined;
    const { before, after, scopesKnown } = askers;
    const verdicts = decideAgain({ action, resource: asked, wasAllowed, scopesKnown }, before, after);
    if (!limits || !call.counts) return verdicts && outcomeOf(verdicts.then, verdicts.would, null, null);
    // What the record does not explain has been used all the same.
    const mayThen = verdicts ? verdicts.then === null : wasAllowed;
    const mayAfter = verdicts ? verdicts.would === null : wasAllowed;
    const full = limits.take(call, before.roles, after.roles, mayThen, mayAfter);
    // It is in the record, so there was room: if there is none now, the record does not explain it.
    if (!verdicts || full.then !== null) return undefined;
    return outcomeOf(verdicts.then, verdicts.would, null, full.would);
  };

  let position = limits ? Math.min(primed, reported) : reported;
  for (let stopped: Preview['progress']['stopped'] = null; ;) {
    const slice = await deps.store.readAll({ after: position, limit: eventsAtOnce, filter: { types: callTypes } });
    for (const event of await deps.personal.reveal(slice.events)) {
      if (event.position > through) break;
      if (signal.aborted) stopped = 'cancelled';
      else if (items.length >= limit) stopped = 'limit';
      else if (totals.calls >= mostCalls) stopped = 'calls';
      if (stopped !== null) break;
      position = event.position;
      const call = await readable(event);
      const outcome = call && (await decide(call));
      if (event.position <= reported || !isWithin(event.metadata.occurredAt, bounds)) continue;
      if (call === undefined) {
        totals.calls++;
        totals.undecided++;
      } else if (isWanted(call, request) && isSeen(call, reader)) report(call, outcome);
    }
    if (stopped === null && signal.aborted) stopped = 'cancelled';
    const complete = stopped === null && (slice.end || slice.position >= through);
    if (stopped === null) position = complete ? Math.max(position, through) : slice.position;
    if (stopped === null && !complete) continue;
    return {
      items,
      totals,
      progress: { after: start, position, through, complete, stopped },
      nextCursor: complete ? null : encodeCursor(list, [position]),
    };
  }

  /** Undefined: the event cannot be decoded. */
  async function readable(event: RecordedEvent): Promise<PastCall | undefined> {
    try {
      if (event.data === undefined) return undefined;
    } catch {
      // An event that somebody has damaged is counted as undecided, and holds up nothing.
      return undefined;
    }
    return pastCallOf(past, event);
  }
}

function isWanted({ event, mcp, tool }: PastCall, wanted: PreviewRequest): boolean {
  return (
    (wanted.actor === undefined || event.metadata.actor === wanted.actor) &&
    (wanted.tool === undefined || tool === wanted.tool) &&
    (wanted.mcp === undefined || mcp?.id === wanted.mcp || (mcp !== null && mcpKey(mcp.name) === mcpKey(wanted.mcp)))
  );
}

/** Calls of mcps that the reader may not read are not there for him, not even in the totals. */
function isSeen({ mcp }: PastCall, reader: Asker): boolean {
  return mcp === null || authorize(reader, 'mcp:read', { kind: 'mcp', mcp }).allowed;
}

function outcomeOf(then: string | null, would: string | null, fullThen: string | null, full: string | null): Outcome {
  return { then: decision(then, fullThen), would: decision(would, full) };
}

function decision(refused: string | null, full: string | null): Outcome['then'] {
  if (full !== null) return { allowed: false, reason: 'rate_limited', rule: full };
  return refused === null
    ? { allowed: true, reason: null, rule: null }
    : { allowed: false, reason: refused, rule: null };
}

function differenceOf({ event, action, mcp, tool, named }: PastCall, { then, would }: Outcome): Difference {
  const { actor, via, occurredAt } = event.metadata;
  return {
    position: event.position,
    at: occurredAt,
    actor,
    via: via ?? null,
    action,
    resource: named,
    mcpId: mcp?.id ?? null,
    mcp: mcp?.name ?? null,
    tool,
    then,
    would,
  };
}

async function createLimits(deps: QueryDeps, changes: readonly LimitEvent[], createWindows: CreateWindows) {
  const rulesAt = await createCourse(deps.store, limitRulesDecider, limitRulesId);
  const [then, would] = [createReplayedLimits(createWindows), createReplayedLimits(createWindows)];
  let last: { readonly state: LimitRules; readonly rules: readonly LimitRule[] } | undefined;
  const changedRules = (state: LimitRules): readonly LimitRule[] => {
    if (last?.state !== state) last = { state, rules: rulesOf(changes.reduce(limitRulesDecider.evolve, state)) };
    return last.rules;
  };
  return {
    take(call: PastCall, before: readonly string[], after: readonly string[], mayThen: boolean, mayAfter: boolean) {
      const { event, mcp, tool } = call;
      const { actor, occurredAt, remoteAddress = '' } = event.metadata;
      const use = (roles: readonly string[]) =>
        ({
          routeClass: 'call',
          principal: actor,
          roles,
          address: remoteAddress,
          cost: 1,
          ...(mcp && { mcp }),
          ...(tool !== null && { tool }),
        }) as const;
      const state = rulesAt(event.position);
      const atMs = Date.parse(occurredAt);
      return {
        then: then.take(rulesOf(state), use(before), mayThen, atMs),
        would: would.take(changedRules(state), use(after), mayAfter, atMs),
      };
    },
  };
}
