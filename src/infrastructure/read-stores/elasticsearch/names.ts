/** https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-create */
const PLAIN = /^[a-z0-9][a-z0-9_.-]*$/;

/** Of 255 bytes, some are left for what aliases add. */
const LONGEST = 180;

/** What lies beside the models' own indices. Each is an alias of the index that a migration made. */
export interface IndexNames {
  readonly prefix: string;
  readonly catalogue: string;
  readonly checkpoints: string;
  /** Parts of changes that are too large for a checkpoint's document. */
  readonly changes: string;
  readonly deadLetters: string;
  readonly migrations: string;
  /** The index of one version of a model. */
  model(index: string, version: number): string;
}

/** @throws TypeError the prefix cannot begin an index's name */
export function indexNames(prefix: string): IndexNames {
  const named = (name: string): string => {
    const full = prefix + name;
    if (!PLAIN.test(full) || full.length > LONGEST) throw new TypeError(`${JSON.stringify(full)} cannot name an index`);
    return full;
  };
  return {
    prefix,
    catalogue: named('read_catalogue'),
    checkpoints: named('read_checkpoints'),
    changes: named('read_changes'),
    deadLetters: named('read_dead_letters'),
    migrations: named('read_migrations'),
    model: (index, version) => named(`${index}_v${version}`),
  };
}
