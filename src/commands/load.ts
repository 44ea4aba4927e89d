import type { Decider } from '../domain/decider.ts';
import type { DomainEvent } from '../domain/event.ts';
import { NO_STREAM, type EventStore, type RecordedEvent, type Revision } from '../ports/event-store.ts';
import type { AggregateCache, Loaded } from './aggregate-cache.ts';

/** The stream's state as of its last event, folded from what the cache has not seen yet. */
export async function load<State, Command, Event extends DomainEvent>(
  store: EventStore,
  cache: AggregateCache,
  decider: Decider<State, Command, Event>,
  stream: string,
): Promise<Loaded<State>> {
  const known = cache.get<State>(stream) ?? nothing(decider.initialState);
  const news = await store.readStream(stream, { from: known.revision + 1 });
  if (news.length === 0) return known;
  const loaded = foldOnto(known, news, decider);
  cache.set(stream, loaded);
  return loaded;
}

/** The state as it was at a revision, from the log alone. */
export async function loadAt<State, Command, Event extends DomainEvent>(
  store: EventStore,
  decider: Decider<State, Command, Event>,
  stream: string,
  revision: Revision,
): Promise<Loaded<State>> {
  return foldOnto(nothing(decider.initialState), await store.readStream(stream, { limit: revision + 1 }), decider);
}

export function nothing<State>(state: State): Loaded<State> {
  return { state, revision: NO_STREAM, position: 0, commands: new Map() };
}

export function foldOnto<State, Command, Event extends DomainEvent>(
  loaded: Loaded<State>,
  events: readonly RecordedEvent[],
  decider: Decider<State, Command, Event>,
): Loaded<State> {
  let { state, revision, position } = loaded;
  const commands = new Map(loaded.commands);
  for (const event of events) {
    // The codec has brought the data to its newest version; an unknown type falls through every evolve.
    state = decider.evolve(state, event as RecordedEvent & Event);
    ({ revision, position } = event);
    commands.set(event.metadata.commandId, revision);
  }
  return { state, revision, position, commands };
}
