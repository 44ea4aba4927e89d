import type { ElasticsearchConnection } from './connection.ts';
import { ElasticsearchFailure } from './failure.ts';
import type { IndexNames } from './names.ts';

export interface ElasticsearchMigration {
  readonly name: string;
  /** May be begun again, and be run by several processes at once: Elasticsearch has no locks. */
  run(connection: ElasticsearchConnection, names: IndexNames): Promise<void>;
}

type Properties = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Kept as it is, and not searched. */
const KEPT = { type: 'object', enabled: false } as const;
const WORD = { type: 'keyword', ignore_above: 8_000 } as const;
const NUMBER = { type: 'long' } as const;

/** Which version of a model a document belongs to. */
const OWNER: Properties = { model: WORD, version: NUMBER, incarnation: WORD };

/**
 * Everything beside the models' own indices, in the order in which it came. A migration that was published never
 * changes; what comes next is a new one.
 */
export const migrations: readonly ElasticsearchMigration[] = [
  {
    name: '0001_catalogue',
    run: (connection, { catalogue }) => createIndex(connection, catalogue, { entries: KEPT }),
  },
  {
    name: '0002_checkpoints',
    async run(connection, { checkpoints, changes }) {
      await createIndex(connection, checkpoints, {
        ...OWNER,
        position: NUMBER,
        number: NUMBER,
        last: WORD,
        pending: KEPT,
      });
      await createIndex(connection, changes, { ...OWNER, change: WORD, part: NUMBER, rows: KEPT });
    },
  },
  {
    name: '0003_dead_letters',
    run: (connection, { deadLetters }) =>
      createIndex(connection, deadLetters, { ...OWNER, key: WORD, stream: WORD, position: NUMBER, letter: KEPT }),
  },
];

/** What the names of migrations that have run are kept in: before all migrations, and never another. */
export function createMigrationsIndex(connection: ElasticsearchConnection, { migrations: name }: IndexNames) {
  return createIndex(connection, name, { done: KEPT });
}

/**
 * An index under an alias. Everything is written by way of the alias, so that an index which somebody has removed is
 * not made again, by a write, as Elasticsearch guesses it.
 */
async function createIndex(connection: ElasticsearchConnection, alias: string, properties: Properties): Promise<void> {
  const settings = { number_of_shards: 1, auto_expand_replicas: '0-1' };
  try {
    await connection.ask({
      method: 'PUT',
      path: `/${alias}_1`,
      query: { wait_for_active_shards: 1 },
      body: { settings, mappings: { dynamic: 'strict', properties }, aliases: { [alias]: {} } },
      isLong: true,
    });
  } catch (error) {
    if (!(error instanceof ElasticsearchFailure) || !error.message.startsWith('resource_already_exists_exception')) {
      throw error;
    }
  }
}
