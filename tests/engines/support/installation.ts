import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openReadPlaces } from '../../../src/app/engines/read-places.ts';
import type { EngineSettings } from '../../../src/app/engines/settings.ts';
import { loadConfig } from '../../../src/config.ts';
import { projections } from '../../../src/projections/all.ts';
import { rowsOf, type AllRows } from '../../integration/support/read-models.ts';

/** Settings of the engines that a test uses. */
export interface EngineUrls {
  readonly sql?: string;
  readonly documents?: string;
  readonly search?: string;
  readonly kafka?: string;
  readonly redis?: string;
  readonly eventStore?: string;
}

/** One installation of the product on shared engines, with names of its own in all of them. */
export interface Installation {
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Every row of every read model. */
  rows(): Promise<AllRows>;
  /** Takes everything that the installation has out of the read stores, as an operator's slip would. */
  empty(): Promise<void>;
  /** Removes the directory and what the installation has in the read stores. */
  remove(): Promise<void>;
}

export function createInstallation(urls: EngineUrls): Installation {
  const dataDir = mkdtempSync(join(tmpdir(), 'annals-engines-'));
  const settings = {
    ANNALS_ENGINE_PREFIX: `t${randomBytes(4).toString('hex')}-`,
    ANNALS_SQL_URL: urls.sql,
    ANNALS_DOCUMENTS_URL: urls.documents,
    ANNALS_SEARCH_URL: urls.search,
    ANNALS_KAFKA_BROKERS: urls.kafka,
    ANNALS_KAFKA_PARTITIONS: '3',
    ANNALS_REDIS_URL: urls.redis,
    ANNALS_EVENTSTORE_URL: urls.eventStore,
    ...(urls.eventStore !== undefined && {
      ANNALS_JWT_SECRET: randomBytes(36).toString('base64url'),
      ANNALS_MASTER_KEY: randomBytes(36).toString('base64url'),
    }),
  };
  const env = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
  const engineSettings = (): EngineSettings => ({ ...loadConfig(env), dataDir });

  async function empty(): Promise<void> {
    const places = await openReadPlaces(engineSettings());
    for (const { stores, kinds, probe } of places.places) {
      if (probe === undefined) continue;
      for (const projection of projections.filter(({ model }) => kinds.includes(model.kind))) {
        for (const version of await stores.versions(projection)) await stores.drop(projection, version);
      }
    }
    await places.close();
  }

  return {
    dataDir,
    env,
    async rows() {
      const places = await openReadPlaces(engineSettings());
      try {
        return await rowsOf(places.stores);
      } finally {
        await places.close();
      }
    },
    empty,
    async remove() {
      await empty();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
