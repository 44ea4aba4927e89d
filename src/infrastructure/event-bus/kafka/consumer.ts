import type { Assignment, Consumer, ConsumerConfig, ConsumerGroupJoinEvent, EachBatchPayload, Kafka } from 'kafkajs';
import type { Logger } from '../../../ports/logger.ts';
import { pause } from './pause.ts';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 2_000;

/** Beyond what any answer may take, that of a group that is being formed included. */
const STALL_MS = 40_000;

/** A client that cannot say goodbye within this time is left to itself. */
const GOODBYE_MS = 3_000;

const common = {
  allowAutoTopicCreation: false,
  // A consumer that waits longer for news also takes longer to leave.
  maxWaitTimeInMs: 100,
  retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5, restartOnFailure: async () => false },
};

export interface ConsumerRun {
  readonly kafka: Kafka;
  /** Asked before each start. */
  readonly config: () => ConsumerConfig;
  readonly topic: string;
  readonly fromBeginning: boolean;
  readonly logger: Logger;
  /** What the log says of it when it ends, such as `events cannot be read from Kafka`. */
  readonly complaint: string;
  /** Done before each start. */
  readonly prepare?: () => Promise<void>;
  readonly onBatch: (payload: EachBatchPayload) => void;
  readonly onJoin?: (joined: Joined) => void;
  readonly onFetch?: () => void;
  /** The consumer has ended, and another will be started. */
  readonly onEnd?: () => void;
}

export interface Joined {
  readonly consumer: Consumer;
  readonly memberId: string;
  readonly assignment: Assignment;
}

export interface RunningConsumer {
  /** Ends the consumer that runs now and starts another, as a new member of its group. */
  renew(): void;
  /** Leaves the group. */
  close(): Promise<void>;
}

/** Keeps a consumer of one topic running: when it fails, another is started after a while. No offset is ever stored. */
export function runConsumer(run: ConsumerRun): RunningConsumer {
  const closing = new AbortController();
  let renewing = new AbortController();
  let waitMs = 0;

  const once = async (consumer: Consumer, signal: AbortSignal): Promise<void> => {
    const { promise: failed, reject } = Promise.withResolvers<never>();
    let heardAt = performance.now();
    // One that could not say goodbye may still have something to say, when its successor is already at work.
    let isOver = false;
    consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
    consumer.on('consumer.fetch', () => {
      heardAt = performance.now();
      if (!isOver) run.onFetch?.();
    });
    consumer.on('consumer.group_join', (event: ConsumerGroupJoinEvent) => {
      if (isOver) return;
      if (waitMs > 0) run.logger.info({ topic: run.topic }, 'Kafka is there again');
      waitMs = 0;
      const { memberId, memberAssignment: assignment } = event.payload;
      run.onJoin?.({ consumer, memberId, assignment });
    });
    const watch = setInterval(() => {
      if (performance.now() - heardAt > STALL_MS) reject(new Error(`Kafka has not answered for ${STALL_MS / 1000} s`));
    }, STALL_MS / 10);
    const { promise: ended, resolve } = Promise.withResolvers<undefined>();
    signal.addEventListener('abort', () => resolve(undefined));
    const onBatch = (payload: EachBatchPayload): void => {
      if (!isOver) run.onBatch(payload);
    };
    try {
      await Promise.race([consume(consumer, { ...run, onBatch }).then(() => ended), failed, ended]);
    } finally {
      isOver = true;
      clearInterval(watch);
    }
  };

  const loop = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      renewing = new AbortController();
      const consumer = run.kafka.consumer({ ...common, ...run.config() });
      try {
        await once(consumer, AbortSignal.any([closing.signal, renewing.signal]));
      } catch (error) {
        if (waitMs === 0) run.logger.warn({ error, topic: run.topic }, `${run.complaint}; it is tried again`);
        else run.logger.debug({ error, topic: run.topic }, `${run.complaint} still`);
        waitMs = Math.min(LONGEST_WAIT_MS, Math.max(FIRST_WAIT_MS, waitMs * 2));
      }
      await disconnect(consumer, run.logger);
      run.onEnd?.();
      await pause(waitMs, closing.signal);
    }
  };
  const running = loop();

  return {
    renew: () => renewing.abort(),
    async close() {
      closing.abort();
      await running;
    },
  };
}

async function consume(consumer: Consumer, { topic, fromBeginning, prepare, onBatch }: ConsumerRun): Promise<void> {
  await prepare?.();
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning });
  await consumer.run({ autoCommit: false, eachBatch: async (payload) => onBatch(payload) });
}

async function disconnect(consumer: Consumer, logger: Logger): Promise<void> {
  const waited = new AbortController();
  const leaving = consumer.disconnect().catch((error: unknown) => {
    logger.debug({ error }, 'a Kafka consumer could not say goodbye');
  });
  await Promise.race([leaving, pause(GOODBYE_MS, waited.signal)]);
  waited.abort();
}
