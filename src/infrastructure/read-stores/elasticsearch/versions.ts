import { randomUUID } from 'node:crypto';
import type { SearchModel } from '../../../ports/read-model.ts';
import { ModelUnusable, type ModelDefinition } from '../../../ports/read-stores.ts';
import { fieldsOf } from './answers.ts';
import { bulk, type BulkWrite } from './bulk.ts';
import type { ElasticsearchConnection } from './connection.ts';
import { indexBody } from './documents.ts';
import type { IndexNames } from './names.ts';
import { walk } from './walk.ts';

/** Of models' indices. A version with another layout is built anew. */
const LAYOUT = 1;

/** One version of a model, in the hand of who opened it. */
export interface OpenVersion {
  readonly model: string;
  readonly version: number;
  /** Another one each time that the version is made: one that was removed and made anew is not the same. */
  readonly incarnation: string;
  /**
   * Of the version's index, and of this making of it: what is written or asked by way of it never meets an index which
   * was made later in the same place.
   */
  readonly alias: string;
}

/** Marks a document as this version's. */
export function ownerOf({ model, version, incarnation }: OpenVersion) {
  return { model, version, incarnation };
}

/** The versions of a model that have an index, finished or not, in ascending order. */
export async function versionsOf(
  connection: ElasticsearchConnection,
  names: IndexNames,
  definition: ModelDefinition,
): Promise<readonly number[]> {
  const { index } = searchModel(definition);
  const found = fieldsOf(await connection.askIfThere({ method: 'GET', path: `/${names.prefix}${index}_v*/_mapping` }));
  return Object.entries(found)
    .flatMap(([name, mapping]) => {
      const meta = metaIn(mapping);
      const version = Number(meta['version']);
      return meta['model'] === definition.name && name === names.model(index, version) ? [version] : [];
    })
    .sort((a, b) => a - b);
}

/** @throws ModelUnusable there is no index of this version, or one of another layout */
export async function versionIn(
  connection: ElasticsearchConnection,
  names: IndexNames,
  definition: ModelDefinition,
  version: number,
): Promise<OpenVersion> {
  const index = names.model(searchModel(definition).index, version);
  const meta = await metaOf(connection, index);
  const what = `version ${version} of ${definition.name}`;
  if (meta === undefined || meta['model'] !== definition.name) throw new ModelUnusable(`there is no ${what}`);
  if (meta['layout'] !== LAYOUT) throw new ModelUnusable(`${what} has layout ${String(meta['layout'])}, not ${LAYOUT}`);
  return opened(definition, version, index, String(meta['incarnation']));
}

/**
 * Makes an empty version over whatever was there: without a checkpoint it is unfinished.
 * @throws Error the index belongs to another model
 */
export async function beginVersion(
  connection: ElasticsearchConnection,
  names: IndexNames,
  definition: ModelDefinition,
  version: number,
  isBuild: boolean,
): Promise<OpenVersion> {
  const model = searchModel(definition);
  const index = names.model(model.index, version);
  const meta = await metaOf(connection, index);
  if (meta !== undefined && meta['model'] !== definition.name) {
    throw new Error(`the index ${index} belongs to another model than ${definition.name}`);
  }
  await removeVersion(connection, names, definition, version);
  const incarnation = randomUUID();
  const begun = opened(definition, version, index, incarnation);
  const { settings, mappings } = indexBody(model, { model: definition.name, version, incarnation, layout: LAYOUT });
  const replicas = isBuild ? { number_of_replicas: 0 } : { auto_expand_replicas: '0-1' };
  await connection.ask({
    method: 'PUT',
    path: `/${index}`,
    query: { wait_for_active_shards: 1 },
    body: { settings: { ...settings, ...replicas }, mappings, aliases: { [begun.alias]: {} } },
    isLong: true,
    isOnce: true,
  });
  return begun;
}

/** Removes a version and everything in it; one that does not exist is no error. */
export async function removeVersion(
  connection: ElasticsearchConnection,
  names: IndexNames,
  definition: ModelDefinition,
  version: number,
): Promise<void> {
  const index = names.model(searchModel(definition).index, version);
  const meta = await metaOf(connection, index);
  if (meta?.['model'] === definition.name) {
    await connection.askIfThere({ method: 'DELETE', path: `/${index}`, isLong: true });
  }
  for (const beside of [names.checkpoints, names.changes, names.deadLetters]) {
    await removeDocuments(connection, beside, definition.name, version);
  }
}

/** @throws TypeError it is of another kind, which lives elsewhere */
export function searchModel({ name, model }: ModelDefinition): SearchModel {
  if (model.kind !== 'search') throw new TypeError(`${name} is not a search model: ${model.kind}`);
  return model;
}

function opened({ name }: ModelDefinition, version: number, index: string, incarnation: string): OpenVersion {
  return { model: name, version, incarnation, alias: `${index}_${incarnation}` };
}

async function removeDocuments(connection: ElasticsearchConnection, alias: string, model: string, version: number) {
  await connection.ask({ method: 'POST', path: `/${alias}/_refresh` });
  const query = { bool: { filter: [{ term: { model } }, { term: { version } }] } };
  const removed: BulkWrite[] = [];
  for await (const { _id } of walk(connection, alias, { query, sort: [{ _doc: 'asc' }], _source: ['model'] })) {
    removed.push({ id: _id, document: undefined, number: undefined });
  }
  await bulk(connection, alias, removed);
}

async function metaOf(connection: ElasticsearchConnection, index: string) {
  const found = await connection.askIfThere({ method: 'GET', path: `/${index}/_mapping` });
  return found === undefined ? undefined : metaIn(fieldsOf(found)[index]);
}

function metaIn(mapping: unknown): Readonly<Record<string, unknown>> {
  return fieldsOf(fieldsOf(fieldsOf(mapping)['mappings'])['_meta']);
}
