import type { Assignment, EachBatchPayload, Kafka } from 'kafkajs';
import type { Logger } from '../../../ports/logger.ts';
import { runConsumer } from './consumer.ts';
import type { Joined } from './consumer.ts';
import { pause } from './pause.ts';
import { shareAssigner, sharesIn } from './share-assigner.ts';

/** A process is taken for dead, and its share given away, when it was not heard of for so long. */
const SESSION_MS = 10_000;

/** How often the process is heard of, and learns that the group is formed anew. */
const HEARTBEAT_MS = 500;

/** How often the group is asked for our share of it, while it is being formed. */
const ASK_AGAIN_MS = 50;

export interface SharesOptions {
  readonly kafka: Kafka;
  readonly groupId: string;
  /** Done before each attempt to take part. */
  readonly prepare?: () => Promise<void>;
  /** A topic that is there; members read what `partitionsOf` gives them of it, from its beginning. */
  readonly topic: string;
  readonly able: readonly string[];
  readonly partitionsOf?: (names: readonly string[]) => Assignment;
  readonly onBatch?: (payload: EachBatchPayload) => void;
  /** Told what this process owns, each time the group was formed; undefined when it is in no group now. */
  readonly onShare: (names: ReadonlySet<string> | undefined) => void;
  readonly logger: Logger;
  readonly complaint: string;
  readonly sessionMs?: number;
}

export interface Shares {
  /** Gives up the membership and asks for another. */
  renew(): void;
  close(): Promise<void>;
}

/** Takes part in a group of processes that share out names among them. */
export function joinShares(options: SharesOptions): Shares {
  const { kafka, groupId, topic, able, logger, complaint, onShare, onBatch, sessionMs = SESSION_MS } = options;
  const closing = new AbortController();
  let joining = new AbortController();
  let owned: ReadonlySet<string> = new Set();

  const leave = (): void => {
    joining.abort();
    owned = new Set();
    onShare(undefined);
  };

  const join = async (joined: Joined): Promise<void> => {
    joining.abort();
    joining = new AbortController();
    const signal = AbortSignal.any([joining.signal, closing.signal]);
    const names = await askForShare(joined, signal);
    if (signal.aborted || names === undefined) return;
    owned = new Set(names);
    onShare(owned);
  };

  const consumer = runConsumer({
    kafka,
    config: () => ({
      groupId,
      sessionTimeout: sessionMs,
      rebalanceTimeout: sessionMs,
      heartbeatInterval: Math.min(HEARTBEAT_MS, sessionMs / 3),
      partitionAssigners: [shareAssigner({ able, owned: () => owned, partitionsOf: options.partitionsOf ?? none })],
    }),
    topic,
    fromBeginning: true,
    logger,
    complaint,
    onBatch: (payload) => onBatch?.(payload),
    onJoin: (joined) => {
      join(joined).catch((error: unknown) => {
        logger.warn({ error, groupId }, 'the share of a group cannot be learnt; it is joined again');
        consumer.renew();
      });
    },
    onEnd: leave,
    ...(options.prepare === undefined ? {} : { prepare: options.prepare }),
  });

  return {
    renew: () => consumer.renew(),
    async close() {
      closing.abort();
      await consumer.close();
    },
  };
}

/** The client hides what the leader handed to us, but the group tells. Undefined when the group is formed anew already. */
async function askForShare(
  { consumer, memberId }: Joined,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  while (!signal.aborted) {
    const group = await consumer.describeGroup();
    const us = group.members.find((member) => member.memberId === memberId);
    const names = us && group.state === 'Stable' ? sharesIn(us.memberAssignment) : undefined;
    if (names !== undefined) return names;
    await pause(ASK_AGAIN_MS, signal);
  }
  return undefined;
}

function none(): Assignment {
  return {};
}
