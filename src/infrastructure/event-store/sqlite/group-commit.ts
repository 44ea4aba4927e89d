import type { AppendResult, DecodeEventData } from '../../../ports/event-store.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';
import type { CommittedLog } from './committed-log.ts';
import { draftAppend, newDraft } from './draft.ts';
import type { Draft } from './draft.ts';
import { explainFailure, isConstraintViolation, isRefusal, isSqliteError } from '../../sqlite/failure.ts';
import { settleDoubt } from './log-file.ts';
import type { LogFile, OpenLog } from './log-file.ts';
import { eventIdOf } from './stored-event.ts';
import type { PreparedAppend } from '../prepared-append.ts';
import type { Transactions } from './transactions.ts';

/** The size of one transaction bounds how long it holds the thread. What is queued beyond it has the next turn. */
const MOST_EVENTS = 2_048;
const MOST_CHARACTERS = 8 * 1024 * 1024;

const CANNOT_WRITE = 'the event store cannot write';

export interface EventStoreLogger {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface GroupCommitParts {
  readonly file: LogFile;
  readonly committed: CommittedLog;
  readonly decode: DecodeEventData;
  readonly clock: () => number;
  readonly transactions: Transactions;
  readonly logger: EventStoreLogger | undefined;
}

interface Waiting {
  readonly appends: readonly PreparedAppend[];
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

/** What became of each append of a group, in the group's order. */
type Outcomes = readonly (AppendResult | Error)[];

/**
 * The one writer. Appends queue, and each turn of the event loop commits all that have come in one transaction, so
 * that one sync of the disk serves many writers. No append is answered before the commit of its group.
 */
export class GroupCommit {
  readonly #parts: GroupCommitParts;
  #queue: Waiting[] = [];
  #scheduled = false;
  #closed = false;
  /** True after a commit failed in a way that does not tell whether the disk has it. */
  #inDoubt = false;
  /** True when the connection was given up: what is known of the log must be compared with the file again. */
  #stale = false;
  #failing = false;

  constructor(parts: GroupCommitParts) {
    this.#parts = parts;
  }

  append(appends: readonly PreparedAppend[]): Promise<AppendResult> {
    if (this.#closed) return Promise.reject(new StoreUnavailable('the event store is closed'));
    const { promise, resolve, reject } = Promise.withResolvers<AppendResult>();
    this.#queue.push({ appends, resolve, reject });
    this.#schedule();
    return promise;
  }

  /** Commits what is queued and takes nothing more. */
  close(): void {
    this.#closed = true;
    while (this.#queue.length > 0) this.#commitGroup();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#queue.length > 0) this.#commitGroup();
      if (this.#queue.length > 0) this.#schedule();
    });
  }

  #commitGroup(): void {
    const group = this.#takeGroup();
    let outcomes: Outcomes;
    try {
      outcomes = this.#commit(group);
    } catch (error) {
      const failure = explainFailure(CANNOT_WRITE, error);
      this.#noteFailure(failure, group.length);
      for (const { reject } of group) reject(failure);
      return;
    }
    group.forEach(({ resolve, reject }, index) => {
      const outcome = outcomes[index];
      if (outcome instanceof Error || outcome === undefined) reject(outcome);
      else resolve(outcome);
    });
    this.#parts.committed.wakeUps.announce();
  }

  #takeGroup(): readonly Waiting[] {
    let taken = 0;
    let events = 0;
    let characters = 0;
    for (const { appends } of this.#queue) {
      if (events >= MOST_EVENTS || characters >= MOST_CHARACTERS) break;
      taken++;
      for (const append of appends) {
        events += append.events.length;
        for (const { dataText } of append.events) characters += dataText.length;
      }
    }
    return this.#queue.splice(0, taken);
  }

  #commit(group: readonly Waiting[]): Outcomes {
    const { committed, transactions, clock } = this.#parts;
    const log = this.#trustedLog();
    const draft = newDraft(committed.timeOf(clock()));
    transactions.begin(log.db);
    let outcomes: Outcomes;
    try {
      outcomes = group.map(({ appends }) => this.#draft(draft, log, appends));
    } catch (error) {
      this.#rollBack(log, error);
      throw error;
    }
    try {
      transactions.commit(log.db);
      committed.publish(draft);
    } catch (error) {
      if (!this.#standsAfter(error, draft, log)) throw error;
    }
    if (draft.events.length > 0) this.#noteRecovery();
    return outcomes;
  }

  #draft(draft: Draft, { queries }: OpenLog, appends: readonly PreparedAppend[]): AppendResult | Error {
    const { committed, decode } = this.#parts;
    const before = draft.events.length;
    try {
      const ground = { queries, committedHeads: committed.streamHeads, head: committed.head, decode };
      return draftAppend(draft, ground, appends);
    } catch (error) {
      // One append's own trouble, such as recorded data that cannot be decoded, is not its neighbours'.
      if (draft.events.length > before || isSqliteError(error) || !(error instanceof Error)) throw error;
      return error;
    }
  }

  /** The open log, with nothing left in doubt. @throws StoreUnavailable */
  #trustedLog(): OpenLog {
    const { file, committed } = this.#parts;
    const log = file.use();
    if (this.#inDoubt) {
      try {
        settleDoubt(log);
      } catch (error) {
        this.#discard();
        throw error;
      }
      this.#inDoubt = false;
    }
    if (this.#stale) committed.adopt(log);
    this.#stale = false;
    return log;
  }

  #rollBack(log: OpenLog, error: unknown): void {
    if (isConstraintViolation(error)) {
      // Somebody else has written to the file: what is known in memory is no longer true.
      this.#discard();
      return;
    }
    try {
      if (log.db.isTransaction) log.db.exec('ROLLBACK');
    } catch (failure) {
      this.#parts.logger?.error({ err: failure }, 'the event store could not roll back; its file is opened again');
      this.#discard();
    }
  }

  /** Whether the draft stands in the log though its commit failed. @throws StoreUnavailable when that cannot be told */
  #standsAfter(error: unknown, draft: Draft, log: OpenLog): boolean {
    if (isRefusal(error)) {
      this.#rollBack(log, error);
      return false;
    }
    this.#inDoubt = true;
    this.#discard();
    const { queries } = this.#trustedLog();
    const [first] = draft.events;
    if (first === undefined) return false;
    const [row] = queries.all(first.position - 1, first.position, 1);
    return row !== undefined && eventIdOf(row) === first.metadata.eventId;
  }

  #discard(): void {
    this.#stale = true;
    try {
      this.#parts.file.discard();
    } catch (error) {
      this.#parts.logger?.error({ err: error }, 'the event store could not close its file cleanly');
    }
  }

  #noteFailure(failure: unknown, appends: number): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#parts.logger?.error({ err: failure, appends }, 'the event store has stopped recording');
  }

  #noteRecovery(): void {
    if (!this.#failing) return;
    this.#failing = false;
    this.#parts.logger?.info({ head: this.#parts.committed.head }, 'the event store records again');
  }
}
