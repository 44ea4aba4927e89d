import { followLog } from '../http/auth/follow-log.ts';
import type { EventStore, Position } from '../ports/event-store.ts';
import type { Logger } from '../ports/logger.ts';
import type { Upstreams } from '../ports/upstream.ts';
import type { Closing } from './closing.ts';

interface Parts {
  readonly store: EventStore;
  readonly upstreams: Pick<Upstreams, 'secretChanged'>;
  readonly logger: Logger;
  readonly closing: Closing;
}

/** Another value, another say about who may have it, or that it is there no more: all of them make connections wrong. */
const types = ['SecretRotated', 'SecretChanged', 'SecretDeleted'];

/** Followed as well, so that whoever waits for the last event of a secret is answered whichever it was. */
const others = ['SecretCreated', 'SecretRewrapped'];

/**
 * Has connections made anew whose secrets have changed. Each process follows the log, so it does not matter which one
 * changed them; what changed while the log could not be read is made good when it can.
 */
export async function followSecretChanges({
  store,
  upstreams,
  logger,
  closing,
}: Parts): Promise<{ readonly caughtUp: (position: Position) => Promise<void> }> {
  const follower = await followLog({
    store,
    types: [...types, ...others],
    take: ({ stream, type }) => {
      if (types.includes(type)) upstreams.secretChanged(stream.slice('secret-'.length));
    },
    lost: () => undefined,
    logger,
  });
  closing.add('changes of secrets', () => follower.close());
  return { caughtUp: follower.caughtUp };
}
