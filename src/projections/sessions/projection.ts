import type { SessionEndReason, SessionEvent } from '../../domain/session/decider.ts';
import { streamProjection, type StreamRow } from '../folding/stream-row.ts';

/** One login and what became of it; never its tokens. A type, so that it is a row of cells. */
export type SessionRow = StreamRow & {
  readonly user_id: string;
  readonly status: 'open' | 'ended';
  readonly started_at: string;
  readonly refreshed_at: string | null;
  /** An open session is worth nothing after this. */
  readonly expires_at: string;
  readonly ended_at: string | null;
  readonly reason: SessionEndReason | null;
};

export const sessions = streamProjection<SessionRow, SessionEvent>({
  name: 'sessions',
  schemaVersion: 1,
  model: {
    kind: 'relational',
    table: 'sessions',
    columns: {
      user_id: 'text',
      status: 'text',
      started_at: 'text',
      refreshed_at: 'text',
      expires_at: 'text',
      ended_at: 'text',
      reason: 'text',
      revision: 'integer',
      position: 'integer',
    },
    indexes: [['user_id', 'status']],
  },
  types: ['SessionStarted', 'SessionRefreshed', 'SessionEnded'],
  begin(id, { type, data, revision, position, metadata }) {
    if (type !== 'SessionStarted') return undefined;
    return {
      id,
      user_id: data.userId,
      status: 'open',
      started_at: metadata.occurredAt,
      refreshed_at: null,
      expires_at: data.expiresAt,
      ended_at: null,
      reason: null,
      revision,
      position,
    };
  },
  change(_row, { type, data, metadata }) {
    switch (type) {
      case 'SessionRefreshed':
        return { refreshed_at: metadata.occurredAt };
      case 'SessionEnded':
        return { status: 'ended', ended_at: metadata.occurredAt, reason: data.reason };
      case 'SessionStarted':
        return {};
    }
  },
});
