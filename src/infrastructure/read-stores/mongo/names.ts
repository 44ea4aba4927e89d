const PLAIN = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/;

/** Far below the 255 bytes of database and collection together. https://www.mongodb.com/docs/manual/reference/limits/ */
const LONGEST = 150;

/** The collections beside the models' own. */
export interface CollectionNames {
  readonly catalogue: string;
  readonly versions: string;
  readonly writers: string;
  readonly deadLetters: string;
  readonly migrations: string;
  /** The collection of one version of a model. */
  model(collection: string, version: number): string;
}

/** @throws TypeError the prefix cannot begin a collection's name */
export function collectionNames(prefix: string): CollectionNames {
  const named = (name: string): string => {
    const full = prefix + name;
    if (!PLAIN.test(full) || full.length > LONGEST || full.startsWith('system.')) {
      throw new TypeError(`${JSON.stringify(full)} cannot name a collection`);
    }
    return full;
  };
  return {
    catalogue: named('read_catalogue'),
    versions: named('read_versions'),
    writers: named('read_writers'),
    deadLetters: named('read_dead_letters'),
    migrations: named('read_migrations'),
    model: (collection, version) => named(`${collection}_v${version}`),
  };
}
