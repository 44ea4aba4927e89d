import { LRUCache } from 'lru-cache';
import type { DomainEvent } from '../../domain/event.ts';
import type { McpSubject } from '../../domain/access/resource.ts';
import type { EventStore, Position, RecordedEvent } from '../../ports/event-store.ts';

/** What changed, and from which position on. In the order of the log. */
type Timeline<Value> = readonly { readonly from: Position; readonly value: Value }[];

/** Streams whose facts are remembered, of each kind. */
const mostStreams = 5000;
const eventsAtOnce = 200;

/** Facts that decisions rest on, as they were just before a position. */
export interface Past {
  /** Undefined: there was no such user. */
  readonly rolesOfUser: (userId: string, before: Position) => Promise<readonly string[] | undefined>;
  /** Undefined: there was no such key. */
  readonly scopesOfKey: (keyId: string, before: Position) => Promise<readonly string[] | undefined>;
  /** Undefined: there was no such mcp. */
  readonly mcp: (id: string, before: Position) => Promise<McpSubject | undefined>;
}

/** Reads each stream once, when it is first asked about, and keeps of it what changed. */
export function createPast(store: EventStore): Past {
  const users = new LRUCache<string, Timeline<readonly string[]>>({ max: mostStreams });
  const keys = new LRUCache<string, Timeline<readonly string[]>>({ max: mostStreams });
  const mcps = new LRUCache<string, Timeline<McpSubject>>({ max: mostStreams });

  async function at<Value>(
    known: LRUCache<string, Timeline<Value>>,
    stream: string,
    before: Position,
    factOf: (event: RecordedEvent, last: Value | undefined) => Value | undefined,
  ): Promise<Value | undefined> {
    let timeline = known.get(stream);
    if (!timeline) {
      timeline = await timelineOf(store, stream, factOf);
      known.set(stream, timeline);
    }
    return timeline.findLast(({ from }) => from < before)?.value;
  }

  return {
    rolesOfUser: (id, before) =>
      at(users, `user-${id}`, before, ({ type, data }) =>
        type === 'UserRegistered' || type === 'UserRolesChanged'
          ? (data as { readonly roles: readonly string[] }).roles
          : undefined,
      ),
    scopesOfKey: (id, before) =>
      at(keys, `apiKey-${id}`, before, ({ type, data }) =>
        type === 'ApiKeyCreated' ? (data as { readonly scopes: readonly string[] }).scopes : undefined,
      ),
    mcp: (id, before) =>
      at(mcps, `mcp-${id}`, before, ({ type, data, metadata }, last) => {
        if (type !== 'McpRegistered' && type !== 'McpVersionPublished') return undefined;
        const { name } = (data as { readonly definition: { readonly name: string } }).definition;
        if (last?.name === name) return undefined;
        return { id, name, owner: last ? last.owner : metadata.actor };
      }),
  };
}

async function timelineOf<Value>(
  store: EventStore,
  stream: string,
  factOf: (event: RecordedEvent, last: Value | undefined) => Value | undefined,
): Promise<Timeline<Value>> {
  const timeline: { readonly from: Position; readonly value: Value }[] = [];
  for (let from = 0; ;) {
    const events = await store.readStream(stream, { from, limit: eventsAtOnce });
    for (const event of events) {
      const value = factOf(event, timeline.at(-1)?.value);
      if (value !== undefined) timeline.push({ from: event.position, value });
    }
    if (events.length < eventsAtOnce) return timeline;
    from += events.length;
  }
}

/** A state that is folded from one stream while the log is read: each answer is the state just before a position. */
export async function createCourse<State, Event extends DomainEvent>(
  store: EventStore,
  { category, initialState, evolve }: { category: string; initialState: State; evolve: (s: State, e: Event) => State },
  id: string,
): Promise<(before: Position) => State> {
  const events = await store.readStream(`${category}-${id}`);
  let state = initialState;
  let next = 0;
  return (before) => {
    for (let event = events[next]; event && event.position < before; event = events[++next]) {
      state = evolve(state, event as RecordedEvent & Event);
    }
    return state;
  };
}
