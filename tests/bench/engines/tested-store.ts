import { projections } from '../../../src/projections/all.ts';
import type { AnyProjection } from '../../../src/projections/projection.ts';
import type { StreamAppend } from '../../../src/ports/event-store.ts';
import type { EngineName } from '../../support/engine-table.ts';
import { callStream } from '../seed.ts';
import { mcpStream } from './mcp-streams.ts';
import { rawElasticsearch } from './raw-elasticsearch.ts';
import { rawMongo } from './raw-mongo.ts';
import { rawSql } from './raw-sql.ts';
import type { RawStore } from './raw-store.ts';

/** A server that holds read models, and what is measured on it. */
export interface TestedStore {
  readonly engine: EngineName;
  readonly title: string;
  readonly projections: readonly AnyProjection[];
  /** The setting that names the server to the product. */
  readonly setting: string;
  /** Makes a log that fills the models, or the largest of them. */
  readonly streamOf: (n: number) => StreamAppend;
  readonly raw: (url: string, prefix: string) => Promise<RawStore>;
  /** Seconds that a rebuild over 100,000 events may take. */
  readonly rebuildGoal: number;
}

export const testedStores: readonly TestedStore[] = [
  {
    engine: 'mysql',
    title: 'MySQL',
    projections: projections.filter(({ model }) => model.kind === 'relational'),
    setting: 'ANNALS_SQL_URL',
    streamOf: callStream,
    raw: rawSql,
    rebuildGoal: 20,
  },
  {
    engine: 'mongodb',
    title: 'MongoDB',
    projections: projections.filter(({ model }) => model.kind === 'documents'),
    setting: 'ANNALS_DOCUMENTS_URL',
    streamOf: mcpStream,
    raw: rawMongo,
    rebuildGoal: 20,
  },
  {
    engine: 'elasticsearch',
    title: 'Elasticsearch',
    projections: projections.filter(({ model }) => model.kind === 'search'),
    setting: 'ANNALS_SEARCH_URL',
    streamOf: callStream,
    raw: rawElasticsearch,
    rebuildGoal: 30,
  },
];
