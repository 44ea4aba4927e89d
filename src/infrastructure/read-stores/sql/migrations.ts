import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { TableNames } from './names.ts';

/**
 * Everything beside the models' own tables, in the order in which it came. A migration that was published never
 * changes; what comes next is a new one. Tables are not made transactionally, so each must be able to begin again.
 */
export function migrationsOf(names: TableNames): Readonly<Record<string, Migration>> {
  return {
    '0001_catalogue': step((db) =>
      sql`CREATE TABLE IF NOT EXISTS ${sql.table(names.catalogue)} (
        model VARCHAR(190) NOT NULL PRIMARY KEY,
        live BIGINT NOT NULL,
        previous BIGINT NULL,
        schema_version BIGINT NOT NULL
      ) ${ours}`.execute(db),
    ),
    '0002_versions': step((db) =>
      sql`CREATE TABLE IF NOT EXISTS ${sql.table(names.versions)} (
        model VARCHAR(190) NOT NULL,
        version BIGINT NOT NULL,
        table_name VARCHAR(64) NOT NULL,
        layout BIGINT NOT NULL,
        position BIGINT NOT NULL,
        write_id CHAR(36) NOT NULL,
        PRIMARY KEY (model, version),
        UNIQUE KEY by_table_name (table_name)
      ) ${ours}`.execute(db),
    ),
    '0003_dead_letters': step((db) =>
      sql`CREATE TABLE IF NOT EXISTS ${sql.table(names.deadLetters)} (
        model VARCHAR(190) NOT NULL,
        version BIGINT NOT NULL,
        position BIGINT NOT NULL,
        stream_hash BINARY(32) NOT NULL,
        stream LONGTEXT NOT NULL,
        type LONGTEXT NOT NULL,
        error LONGTEXT NOT NULL,
        attempts BIGINT NOT NULL,
        parked_at VARCHAR(40) NOT NULL,
        PRIMARY KEY (model, version, position, stream_hash)
      ) ${ours}`.execute(db),
    ),
  };
}

const ours = sql`ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

function step(up: (db: Kysely<unknown>) => Promise<unknown>): Migration {
  return {
    async up(db) {
      await up(db);
    },
  };
}
