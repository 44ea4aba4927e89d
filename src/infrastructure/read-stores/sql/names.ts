/** The longest name that MySQL and MariaDB take. */
const LONGEST = 64;
const PLAIN = /^[A-Za-z0-9_$-]+$/;

/** The tables beside the models' own. */
export interface TableNames {
  readonly catalogue: string;
  readonly versions: string;
  readonly deadLetters: string;
  readonly migrations: string;
  readonly migrationLock: string;
  /** The table of one version of a model. */
  model(table: string, version: number): string;
}

/** @throws TypeError the prefix cannot begin a table's name */
export function tableNames(prefix: string): TableNames {
  const named = (name: string): string => {
    quoted(prefix + name);
    return prefix + name;
  };
  return {
    catalogue: named('read_catalogue'),
    versions: named('read_versions'),
    deadLetters: named('read_dead_letters'),
    migrations: named('read_migrations'),
    migrationLock: named('read_migration_lock'),
    model: (table, version) => named(`${table}_v${version}`),
  };
}

/**
 * A table or column name as SQL writes it. Names come from the program and its settings, never from a request, but one
 * that could mean anything else is refused all the same.
 * @throws TypeError
 */
export function quoted(name: string): string {
  if (!PLAIN.test(name) || name.length > LONGEST) throw new TypeError(`${JSON.stringify(name)} cannot name a table`);
  return `\`${name}\``;
}
