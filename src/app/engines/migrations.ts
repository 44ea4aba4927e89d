import { settings as settingNames } from '../../config/settings.ts';
import { readSettings } from './read-places.ts';
import type { EngineSettings } from './settings.ts';

/** The migrations that one engine lacks, or has just been given. */
export interface EngineMigrations {
  readonly setting: string;
  /** In the order in which they run. */
  readonly migrations: readonly string[];
}

type Kind = keyof typeof readSettings;
type Work = (options: { readonly url: string; readonly prefix: string }) => Promise<readonly string[]>;

/** Clients of engines are loaded only when they are used. */
const migrators: Readonly<Record<Kind, () => Promise<{ readonly plan: Work; readonly run: Work }>>> = {
  async relational() {
    const { planSqlMigrations, migrateSql } = await import('../../infrastructure/read-stores/sql.ts');
    return { plan: planSqlMigrations, run: migrateSql };
  },
  async documents() {
    const { planMongoMigrations, migrateMongo } = await import('../../infrastructure/read-stores/mongo.ts');
    return { plan: planMongoMigrations, run: migrateMongo };
  },
  async search() {
    const { planElasticsearchMigrations, migrateElasticsearch } =
      await import('../../infrastructure/read-stores/elasticsearch.ts');
    return { plan: planElasticsearchMigrations, run: migrateElasticsearch };
  },
};

/**
 * Brings the engines that the settings name to the shape that this program works with, or only says what would be done.
 * Embedded stores need none: what has another shape there is built anew from the log.
 * @throws EngineUnfit a database is newer than this program; StoreUnavailable
 */
export async function migrateEngines(
  settings: EngineSettings,
  what: 'plan' | 'run',
): Promise<readonly EngineMigrations[]> {
  const done: EngineMigrations[] = [];
  for (const kind of ['relational', 'documents', 'search'] as const) {
    const key = readSettings[kind];
    const url = settings[key];
    if (url === undefined) continue;
    const migrator = await migrators[kind]();
    const migrations = await migrator[what]({ url, prefix: settings.enginePrefix });
    done.push({ setting: settingNames[key].name, migrations });
  }
  return done;
}
