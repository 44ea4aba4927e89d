import type { ProjectorGroup } from '../../../ports/event-bus.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { KafkaAccess } from './access.ts';
import { createKafkaClient } from './client.ts';
import { kafkaNames } from './names.ts';
import { joinShares } from './shares.ts';

/** Without a group for so long, a process keeps up everything itself: the others may be gone too. */
const ALONE_MS = 15_000;

export interface ProjectorGroupOptions {
  readonly kafka: KafkaAccess;
  readonly prefix: string;
  /** The read models that this process knows. */
  readonly models: readonly string[];
  readonly logger: Logger;
  /** How long a process may be silent before its models are given to others, in milliseconds. */
  readonly sessionMs?: number;
  /** How long this process may be without the group before it keeps up all models, in milliseconds. */
  readonly aloneMs?: number;
}

/**
 * Spreads read models over the processes of an installation: each model in one of them, moved when a process joins,
 * leaves or dies. Without Kafka a process keeps what it had, and after a while keeps up everything.
 */
export function createKafkaProjectorGroup(options: ProjectorGroupOptions): ProjectorGroup {
  const { models, logger, sessionMs, aloneMs = ALONE_MS } = options;
  const names = kafkaNames(options.prefix);
  const listeners = new Set<() => void>();
  let owned: ReadonlySet<string> = new Set();
  let alone: NodeJS.Timeout | undefined;
  let isClosed = false;

  const own = (share: ReadonlySet<string>): void => {
    if (share.size === owned.size && [...share].every((model) => owned.has(model))) return;
    owned = share;
    for (const listener of listeners) listener();
  };
  const waitForGroup = (): void => {
    if (isClosed) return;
    alone ??= setTimeout(() => {
      logger.warn({}, 'there is no group of projectors without Kafka, so this process keeps up all read models');
      own(new Set(models));
    }, aloneMs);
  };

  waitForGroup();
  const shares = joinShares({
    kafka: createKafkaClient(options.kafka, logger),
    groupId: names.projectors,
    topic: names.events,
    able: models,
    logger,
    complaint: 'the group of projectors cannot be reached',
    onShare: (share) => {
      if (share === undefined) return waitForGroup();
      clearTimeout(alone);
      alone = undefined;
      logger.info({ models: [...share] }, 'read models of this process');
      own(share);
    },
    ...(sessionMs === undefined ? {} : { sessionMs }),
  });

  return {
    owned: () => owned,
    onChange: (listener) => void listeners.add(listener),
    async close() {
      isClosed = true;
      clearTimeout(alone);
      await shares.close();
    },
  };
}
