import type { DeadLetter, ModelChange } from '../../../ports/read-model.ts';
import { literal } from './literal.ts';
import { quoted, type TableNames } from './names.ts';
import type { SqlSession } from './pool.ts';
import { isVersion } from './versions.ts';

/** At a time, so that statements stay short. */
const TOGETHER = 200;

/** The dead letters of one version of a model; whoever writes holds the transaction. */
export interface DeadLetterTable {
  write(session: SqlSession, change: Pick<ModelChange<never>, 'park' | 'resolve'>): Promise<void>;
  /** In log order. */
  all(session: SqlSession): Promise<readonly DeadLetter[]>;
}

export function deadLetterTable(names: TableNames, model: string, version: number): DeadLetterTable {
  const table = quoted(names.deadLetters);
  const ours = isVersion({ name: model }, version);
  // A stream's name can be longer than a key.
  const hashOf = (stream: string): string => `UNHEX(SHA2(${literal(stream)}, 256))`;
  const tuple = ({ stream, position, type, error, attempts, parkedAt }: DeadLetter): string => {
    const before = [model, version, position].map(literal);
    const after = [stream, type, error, attempts, parkedAt].map(literal);
    return `(${[...before, hashOf(stream), ...after].join()})`;
  };

  return {
    async write(session, { park = [], resolve = [] }) {
      for (const { stream, through } of resolve) {
        const which = `stream_hash = ${hashOf(stream)} AND position <= ${literal(through)}`;
        await session.run(`DELETE FROM ${table} WHERE ${ours} AND ${which}`);
      }
      for (let from = 0; from < park.length; from += TOGETHER) {
        const letters = park.slice(from, from + TOGETHER).map(tuple);
        await session.run(
          `INSERT INTO ${table}
            (model, version, position, stream_hash, stream, type, error, attempts, parked_at) VALUES ${letters.join()}
          ON DUPLICATE KEY UPDATE type = VALUES(type), error = VALUES(error), attempts = VALUES(attempts),
            parked_at = VALUES(parked_at)`,
        );
      }
    },
    async all(session) {
      const { rows } = await session.run(`SELECT * FROM ${table} WHERE ${ours} ORDER BY position, stream`);
      return rows.map((row) => ({
        stream: String(row['stream']),
        position: Number(row['position']),
        type: String(row['type']),
        error: String(row['error']),
        attempts: Number(row['attempts']),
        parkedAt: String(row['parked_at']),
      }));
    },
  };
}
