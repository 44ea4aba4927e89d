import { createHash } from 'node:crypto';
import type { AnyRow, DeadLetter, ModelChange } from '../../../ports/read-model.ts';
import { fieldsOf } from './answers.ts';
import { bulk } from './bulk.ts';
import type { ElasticsearchConnection } from './connection.ts';
import type { IndexNames } from './names.ts';
import { ownerOf, type OpenVersion } from './versions.ts';
import { walk } from './walk.ts';

/** A letter that is parked, or with null in its place one that is resolved. */
export interface LetterWrite {
  readonly key: string;
  readonly letter: DeadLetter | null;
}

/** The dead letters of one version of a model. */
export interface DeadLetters {
  /** What a change makes of the letters that are there. */
  writesOf(change: ModelChange<AnyRow>): Promise<readonly LetterWrite[]>;
  write(writes: readonly LetterWrite[], number: number): Promise<void>;
  all(): Promise<readonly DeadLetter[]>;
}

export function deadLetters(connection: ElasticsearchConnection, names: IndexNames, version: OpenVersion): DeadLetters {
  const { incarnation } = version;
  const keyOf = ({ stream, position }: DeadLetter): string =>
    createHash('sha256')
      .update(JSON.stringify([incarnation, stream, position]))
      .digest('base64url');

  async function all(): Promise<readonly DeadLetter[]> {
    await connection.ask({ method: 'POST', path: `/${names.deadLetters}/_refresh` });
    const found: DeadLetter[] = [];
    const filter = [{ term: { incarnation } }, { exists: { field: 'position' } }];
    const search = { query: { bool: { filter } }, sort: [{ position: 'asc' }, { key: 'asc' }] };
    for await (const { _source } of walk(connection, names.deadLetters, search)) found.push(letterOf(_source));
    return found.sort(
      (a, b) => a.position - b.position || Buffer.compare(Buffer.from(a.stream), Buffer.from(b.stream)),
    );
  }

  return {
    all,
    async writesOf({ park = [], resolve = [] }) {
      const parked = park.map((letter) => ({ key: keyOf(letter), letter }));
      if (resolve.length === 0) return parked;
      const keys = new Set(parked.map(({ key }) => key));
      const resolved = (await all())
        .filter(({ stream, position }) => resolve.some((each) => each.stream === stream && position <= each.through))
        .map((letter) => ({ key: keyOf(letter), letter: null }))
        .filter(({ key }) => !keys.has(key));
      return [...resolved, ...parked];
    },
    async write(writes, number) {
      await bulk(
        connection,
        names.deadLetters,
        writes.map(({ key, letter }) => ({
          id: key,
          number,
          document: {
            ...ownerOf(version),
            key,
            ...(letter && { stream: letter.stream, position: letter.position, letter }),
          },
        })),
      );
    },
  };
}

function letterOf(source: Readonly<Record<string, unknown>>): DeadLetter {
  const { stream, position, type, error, attempts, parkedAt } = fieldsOf(source['letter']);
  return {
    stream: String(stream),
    position: Number(position),
    type: String(type),
    error: String(error),
    attempts: Number(attempts),
    parkedAt: String(parkedAt),
  };
}
