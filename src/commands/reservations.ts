import type { Decider } from '../domain/decider.ts';
import type { DomainEvent } from '../domain/event.ts';
import { mcpDecider } from '../domain/mcp/decider.ts';
import { reservationDecider, type NameClaimWithdrawn } from '../domain/reservation/decider.ts';
import { secretDecider } from '../domain/secret/decider.ts';
import { userDecider } from '../domain/user/decider.ts';
import { WrongExpectedRevision, type RecordedEvent, type Revision } from '../ports/event-store.ts';
import { following, type CommandContext } from './context.ts';
import type { CommandDeps } from './deps.ts';
import { derivedId } from './derived-id.ts';
import { eventToAppend } from './event-metadata.ts';
import { load } from './load.ts';
import { mcpUsesKey, secretUsesKey, userUsesKey } from './name-keys.ts';
import type { Transaction } from './transaction.ts';

/** A claim is left alone so long: who made it may be about to use it. Being right does not depend on it. */
const GRACE_MS = 5_000;

const MOST_ROUNDS = 4;

export interface NameClaim<State, Command, Event extends DomainEvent> {
  /** Id of the reservation stream. */
  readonly key: string;
  /** Who is to have the name: `<category>-<id>`. */
  readonly owner: { readonly decider: Decider<State, Command, Event>; readonly id: string };
  /** Absent where it says who somebody is. */
  readonly name?: string;
  /** Where the command tells the name. */
  readonly pointer: string;
}

/**
 * Claims a name within a transaction. Where the streams of a transaction are written one after the other, a claim may be
 * left behind by a command that never came to its end: then it is taken over (docs/decisions/eventstoredb.md).
 * @throws DomainError `name_taken`
 */
export async function reserveName<State, Command, Event extends DomainEvent>(
  deps: CommandDeps,
  context: CommandContext,
  transaction: Transaction,
  { key, owner: { decider, id }, name, pointer }: NameClaim<State, Command, Event>,
): Promise<void> {
  const owner = `${decider.category}-${id}`;
  if (!deps.store.atomicAppendMany) {
    if (await transaction.hasTaken(decider, id)) return;
    await withdrawUnused(deps, context, key, (other, ageMs) => other !== owner && ageMs >= GRACE_MS);
  }
  await transaction.decide(
    reservationDecider,
    key,
    { type: 'ReserveName', owner, ...(name === undefined ? {} : { name }), pointer },
    {
      claim: {
        again: { type: 'NameReserved', data: { owner } },
        withdraw: () => withdrawUnused(deps, context, key, (other) => other === owner),
      },
    },
  );
}

/** Owner of a name, provided that it goes by it; undefined when nobody does. */
export async function ownerOfName(deps: CommandDeps, key: string): Promise<string | undefined> {
  const { state } = await load(deps.store, deps.aggregates, reservationDecider, `reservation-${key}`);
  if (state.status === 'free') return undefined;
  if (deps.store.atomicAppendMany) return state.owner;
  return (await loadOwner(deps, state.owner, key)).uses ? state.owner : undefined;
}

/**
 * Frees a name whose holder does not go by it. First an event on the holder's stream, so that an append that is on its
 * way to it fails; then the release, at the revision at which the claim was seen. A command that meets the first claims
 * anew, which moves that revision: so either the command gets the name or whoever withdrew it, never both.
 */
async function withdrawUnused(
  deps: CommandDeps,
  context: CommandContext,
  key: string,
  may: (owner: string, ageMs: number) => boolean,
): Promise<void> {
  const stream = `reservation-${key}`;
  const by = following(context, derivedId('withdraw claim', context.commandId));
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const [last] = await deps.store.readStream(stream, { direction: 'backward', limit: 1 });
    if (last?.type !== 'NameReserved') return;
    const { owner } = last.data as { readonly owner: string };
    if (!may(owner, deps.clock() - Date.parse(last.metadata.occurredAt))) return;
    const { uses, revision } = await loadOwner(deps, owner, key);
    if (uses) return;
    const withdrawn: NameClaimWithdrawn = { type: 'NameClaimWithdrawn', data: { reservation: key } };
    const released = { type: 'NameReleased', data: { owner } };
    if (!(await appended(deps, by, owner, revision, withdrawn))) continue;
    if (await appended(deps, by, stream, last.revision, released)) return;
  }
}

async function loadOwner(
  deps: CommandDeps,
  owner: string,
  key: string,
): Promise<{ readonly uses: boolean; readonly revision: Revision }> {
  if (owner.startsWith('mcp-')) {
    const { state, revision } = await load(deps.store, deps.aggregates, mcpDecider, owner);
    return { uses: mcpUsesKey(deps, state, key), revision };
  }
  if (owner.startsWith('secret-')) {
    const { state, revision } = await load(deps.store, deps.aggregates, secretDecider, owner);
    return { uses: secretUsesKey(deps, state, key), revision };
  }
  const { state, revision } = await load(deps.store, deps.aggregates, userDecider, owner);
  return { uses: userUsesKey(deps, state, key), revision };
}

/** @returns whether the stream was where it was expected */
async function appended(
  deps: CommandDeps,
  context: CommandContext,
  stream: RecordedEvent['stream'],
  revision: Revision,
  event: DomainEvent,
): Promise<boolean> {
  const eventId = derivedId(`${stream} ${revision}`, context.commandId);
  try {
    await deps.store.append(stream, revision, [eventToAppend(deps, context, event, eventId)]);
    return true;
  } catch (error) {
    if (error instanceof WrongExpectedRevision) return false;
    throw error;
  }
}
