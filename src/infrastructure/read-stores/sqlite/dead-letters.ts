import type { DatabaseSync } from 'node:sqlite';
import type { DeadLetter, ModelChange } from '../../../ports/read-model.ts';

/** The dead letters of one model's file; whoever writes holds the transaction. */
export interface DeadLetterTable {
  write(change: Pick<ModelChange<never>, 'park' | 'resolve'>): void;
  all(): readonly DeadLetter[];
}

export function deadLetterTable(db: DatabaseSync): DeadLetterTable {
  const park = db.prepare('INSERT OR REPLACE INTO annals_dead_letters VALUES (?, ?, ?, ?, ?, ?)');
  const resolve = db.prepare('DELETE FROM annals_dead_letters WHERE stream = ? AND position <= ?');
  const all = db.prepare('SELECT * FROM annals_dead_letters ORDER BY position, stream');
  return {
    write(change) {
      for (const { stream, through } of change.resolve ?? []) resolve.run(stream, through);
      for (const letter of change.park ?? []) {
        park.run(letter.stream, letter.position, letter.type, letter.error, letter.attempts, letter.parkedAt);
      }
    },
    all: () =>
      all.all().map((row) => ({
        stream: String(row['stream']),
        position: Number(row['position']),
        type: String(row['type']),
        error: String(row['error']),
        attempts: Number(row['attempts']),
        parkedAt: String(row['parked_at']),
      })),
  };
}
