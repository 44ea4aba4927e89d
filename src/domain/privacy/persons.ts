import type { EventMetadata } from '../event.ts';

/** An event, as far as it tells of whom it is. */
export interface Told {
  readonly stream: string;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: Pick<EventMetadata, 'actor'>;
}

/** Id of the user whose personal data the fields of an event's data hold; undefined when it is nobody's. */
export function personInData({ stream, type, data, metadata }: Told): string | undefined {
  if (type === 'IdempotencyKeyAnswered') return textIn(data, 'about');
  return userOf(stream) ?? textIn(data, 'userId') ?? userOf(metadata.actor, actorPrefix);
}

/**
 * Id of the user who came from an event's address: the actor; where nobody was logged in yet, the user whose account it is
 * about. Undefined when nobody is known: then the address tells of nobody.
 */
export function personAtAddress({ stream, data, metadata }: Told): string | undefined {
  const { actor } = metadata;
  if (actor.startsWith(actorPrefix)) return actor.slice(actorPrefix.length);
  return userOf(stream) ?? textIn(data, 'userId') ?? userOf(textIn(data, 'owner') ?? '');
}

const actorPrefix = 'user:';

function userOf(text: string, prefix = 'user-'): string | undefined {
  return text.startsWith(prefix) ? text.slice(prefix.length) : undefined;
}

function textIn(data: unknown, field: string): string | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const value: unknown = Object.getOwnPropertyDescriptor(data, field)?.value;
  return typeof value === 'string' ? value : undefined;
}
