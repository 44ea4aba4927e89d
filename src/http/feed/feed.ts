import type { Principal } from '../../domain/access/principal.ts';
import type { Position, RecordedEvent } from '../../ports/event-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Authenticator, Credential } from '../auth/authenticator.ts';
import { readHistory } from './history.ts';
import { batchesOf, createBatches } from './batches.ts';
import type { FeedBatch } from './feed-batch.ts';
import type { FeedFilter } from './feed-filter.ts';
import type { FeedSource } from './feed-source.ts';
import { createTail } from './tail.ts';

export type EndReason = 'complete' | 'too_slow' | 'credential_ended' | 'not_allowed' | 'stopping' | 'failed';

/** Where a reader's events go. */
export interface FeedSink {
  /** False: no more for now; `Reading.drained` says when. */
  write(batch: FeedBatch): boolean;
  /** Shows that the connection lives. */
  beat(): void;
  end(reason: EndReason): void;
}

export interface FeedRequest {
  /** Events after this. */
  readonly after: Position;
  readonly filter: FeedFilter;
  readonly sink: FeedSink;
  readonly credential: Credential;
  /** Asked again whenever the principal's roles may have changed. */
  readonly allowed: (principal: Principal) => boolean;
  /** The event after which there is nothing more to come. */
  readonly last?: (event: RecordedEvent) => boolean;
}

/** One reader's place in the log. */
export interface Reading {
  readonly drained: () => void;
  /** The reader has gone. */
  readonly stop: () => void;
}

export interface Feed {
  read(request: FeedRequest): Promise<Reading>;
  readonly readers: number;
  close(): Promise<void>;
}

export interface FeedSettings {
  /** A reader that takes nothing for so long, while there is something for it, is sent away; it can resume. */
  readonly stallMs: number;
  readonly beatMs: number;
  /** How often credentials are looked at again. */
  readonly renewMs: number;
}

export const defaultFeedSettings: FeedSettings = { stallMs: 10_000, beatMs: 15_000, renewMs: 5_000 };

interface Reader extends Omit<FeedRequest, 'after'> {
  readonly filterKey: string;
  credential: Credential;
  position: Position;
  /** It reads older events from the store. */
  behind: boolean;
  blockedSince: number | undefined;
  resume: (() => void) | undefined;
  ended: boolean;
}

/**
 * Lets any number of readers follow the log. Each has only a position: what it has not taken stays in the log, so a slow
 * reader holds no memory and no other reader back. Events are made into text once, for all.
 */
export function createFeed(
  source: FeedSource,
  authenticator: Authenticator,
  logger: Logger,
  settings: FeedSettings = defaultFeedSettings,
): Feed {
  const readers = new Set<Reader>();
  const present = () => readers.size > 0;
  const tail = createTail(source, { present, wake: () => readers.forEach(advance) }, logger);
  const nextBatch = createBatches(tail);
  const timers = [
    setInterval(() => readers.forEach(beat), settings.beatMs),
    setInterval(() => readers.forEach(renew), settings.renewMs),
    setInterval(() => readers.forEach(sendAwayIfStalled), Math.max(50, settings.stallMs / 10)),
  ];
  for (const timer of timers) timer.unref();

  function end(reader: Reader, reason: EndReason): void {
    if (reader.ended) return;
    reader.ended = true;
    readers.delete(reader);
    reader.resume?.();
    reader.sink.end(reason);
  }

  /** Gives a reader what the tail has for it; a reader that the tail no longer reaches goes back to the store. */
  function advance(reader: Reader): void {
    if (reader.behind || !takes(reader)) return;
    if (reader.position < tail.from) {
      reader.behind = true;
      catchUp(reader).catch((error: unknown) => {
        logger.warn({ error }, 'a reader of the event feed could not be served');
        end(reader, 'failed');
      });
      return;
    }
    while (takes(reader) && reader.position < tail.position) {
      const { batch, position } = nextBatch(reader.filter, reader.filterKey, reader.position);
      reader.position = position;
      if (batch) deliver(reader, batch);
    }
  }

  async function catchUp(reader: Reader): Promise<void> {
    while (!reader.ended && reader.position < tail.from) {
      const { items, position } = await readHistory(source, reader.filter, reader.position);
      for (const batch of batchesOf(items)) {
        deliver(reader, batch);
        await unblocked(reader);
        if (!takes(reader)) return;
      }
      reader.position = position;
    }
    reader.behind = false;
    if (!reader.ended) advance(reader);
  }

  function deliver(reader: Reader, batch: FeedBatch): void {
    if (!reader.sink.write(batch)) reader.blockedSince = performance.now();
    if (reader.last && batch.items.some(({ event }) => reader.last?.(event))) end(reader, 'complete');
  }

  function beat(reader: Reader): void {
    if (reader.blockedSince === undefined) reader.sink.beat();
  }

  function renew(reader: Reader): void {
    authenticator.renew(reader.credential).then(
      (credential) => {
        if (!credential) end(reader, 'credential_ended');
        else if (!reader.allowed(credential.principal)) end(reader, 'not_allowed');
        else reader.credential = credential;
      },
      // The store does not answer: whether the credential is good is not known, and is asked again.
      (error: unknown) => logger.warn({ error }, 'the credential of a reader could not be checked'),
    );
  }

  function sendAwayIfStalled(reader: Reader): void {
    if (reader.blockedSince !== undefined && performance.now() - reader.blockedSince > settings.stallMs) {
      end(reader, 'too_slow');
    }
  }

  return {
    async read({ after, ...request }) {
      await tail.start();
      const reader: Reader = {
        ...request,
        filterKey: JSON.stringify(request.filter),
        position: after,
        behind: false,
        blockedSince: undefined,
        resume: undefined,
        ended: false,
      };
      readers.add(reader);
      advance(reader);
      return {
        drained() {
          reader.blockedSince = undefined;
          const { resume } = reader;
          reader.resume = undefined;
          if (resume) resume();
          else if (!reader.ended) advance(reader);
        },
        stop() {
          reader.ended = true;
          readers.delete(reader);
          reader.resume?.();
        },
      };
    },
    get readers() {
      return readers.size;
    },
    async close() {
      timers.forEach(clearInterval);
      for (const reader of [...readers]) end(reader, 'stopping');
      await tail.close();
    },
  };
}

function takes(reader: Reader): boolean {
  return !reader.ended && reader.blockedSince === undefined;
}

/** Answers when the reader takes events again, or has gone. */
async function unblocked(reader: Reader): Promise<void> {
  if (reader.blockedSince === undefined || reader.ended) return;
  await new Promise<void>((resolve) => void (reader.resume = resolve));
}
