import { randomUUID } from 'node:crypto';
import type { ClientSession, Collection, Db } from 'mongodb';
import type { DocumentModel } from '../../../ports/read-model.ts';
import { ModelUnusable, type ModelDefinition } from '../../../ports/read-stores.ts';
import { hasCode } from './failure.ts';
import type { CollectionNames } from './names.ts';
import { endWriters } from './writers.ts';

/** Of models' collections. A version with another layout is built anew. */
const LAYOUT = 1;

/** What a version has before it is complete and while it is removed: a crash in between leaves this. */
const UNFINISHED = 0;

const NAMESPACE_NOT_FOUND = 26;

/** What is known of one version of a model. */
export interface VersionRecord {
  /** Model and version. */
  readonly _id: string;
  readonly model: string;
  readonly version: number;
  readonly collection: string;
  readonly layout: number;
  /** The checkpoint. */
  readonly position: number;
  /** Of the last change. */
  readonly writeId: string;
  /** Another one each time that the version is made: one that was emptied away and made anew is not the same. */
  readonly incarnation: string;
}

/** A record in the hand of who opened it. */
export type OpenVersion = Pick<VersionRecord, '_id' | 'model' | 'version' | 'collection' | 'incarnation'>;

export function versionsIn(db: Db, names: CollectionNames): Collection<VersionRecord> {
  return db.collection<VersionRecord>(names.versions);
}

export async function versionsOf(db: Db, names: CollectionNames, model: string): Promise<readonly number[]> {
  const records = await versionsIn(db, names)
    .find({ model }, { sort: { version: 1 } })
    .toArray();
  return records.map(({ version }) => version);
}

/** Finds the version while it is finished and the one that was opened. */
export function whileOpen({ _id, incarnation }: OpenVersion) {
  return { _id, incarnation, layout: LAYOUT };
}

/** What stands in a version's record now. @throws ModelUnusable it is not there any more */
export async function stateOf(
  db: Db,
  names: CollectionNames,
  version: OpenVersion,
  session?: ClientSession,
): Promise<VersionRecord> {
  const record = await versionsIn(db, names).findOne(whileOpen(version), { ...(session && { session }) });
  if (record === null) {
    throw new ModelUnusable(`version ${version.version} of ${version.model} is gone from the database`);
  }
  return record;
}

/** @throws ModelUnusable it does not exist, is unfinished, or its collection is gone */
export async function finishedVersion(
  db: Db,
  names: CollectionNames,
  definition: ModelDefinition,
  version: number,
): Promise<VersionRecord> {
  const record = await versionsIn(db, names).findOne({ _id: idOf(definition, version) });
  const what = `version ${version} of ${definition.name}`;
  if (record === null) throw new ModelUnusable(`there is no ${what}`);
  if (record.layout !== LAYOUT) throw new ModelUnusable(`${what} has layout ${record.layout}, not ${LAYOUT}`);
  const isThere = await db.listCollections({ name: record.collection }, { nameOnly: true }).hasNext();
  if (!isThere) throw new ModelUnusable(`the collection of ${what} is gone`);
  return record;
}

/**
 * Makes an unfinished version over whatever was there. Its record is there before its collection, and goes after it, so
 * that no crash leaves a collection which nobody knows of.
 * @throws Error the collection belongs to another model
 */
export async function beginVersion(
  db: Db,
  names: CollectionNames,
  definition: ModelDefinition,
  version: number,
): Promise<VersionRecord> {
  const collection = names.model(documentModel(definition).collection, version);
  if (!(await isOwn(db, names, definition, collection))) {
    throw new Error(`the collection ${collection} belongs to another model than ${definition.name}`);
  }
  await removeVersion(db, names, definition, version);
  const record: VersionRecord = {
    _id: idOf(definition, version),
    model: definition.name,
    version,
    collection,
    layout: UNFINISHED,
    position: 0,
    writeId: '',
    incarnation: randomUUID(),
  };
  await versionsIn(db, names).insertOne(record);
  await db.createCollection(collection);
  return record;
}

/**
 * Declares a version complete, up to a position; from then on everything in it is durable.
 * @throws ModelUnusable somebody has removed it or begun it anew
 */
export async function finishVersion(
  db: Db,
  names: CollectionNames,
  { _id, model, version, incarnation }: OpenVersion,
  position: number,
): Promise<void> {
  const { matchedCount } = await versionsIn(db, names).updateOne(
    { _id, incarnation },
    { $set: { layout: LAYOUT, position } },
  );
  if (matchedCount !== 1) throw new ModelUnusable(`version ${version} of ${model} was removed while it was made`);
}

/** Removes a version and everything in it; one that does not exist is no error. */
export async function removeVersion(
  db: Db,
  names: CollectionNames,
  definition: ModelDefinition,
  version: number,
): Promise<void> {
  const _id = idOf(definition, version);
  const collection = names.model(documentModel(definition).collection, version);
  await endWriters(db, names, _id);
  await versionsIn(db, names).updateOne({ _id }, { $set: { layout: UNFINISHED } });
  if (await isOwn(db, names, definition, collection)) await dropCollection(db, collection);
  await db.collection(names.deadLetters).deleteMany({ model: definition.name, version });
  await versionsIn(db, names).deleteOne({ _id });
}

/** @throws TypeError it is of another kind, which lives elsewhere */
export function documentModel({ name, model }: ModelDefinition): DocumentModel {
  if (model.kind !== 'documents') throw new TypeError(`${name} is not a model of documents: ${model.kind}`);
  return model;
}

function idOf({ name }: ModelDefinition, version: number): string {
  return `${name}/${version}`;
}

async function dropCollection(db: Db, name: string): Promise<void> {
  try {
    await db.dropCollection(name);
  } catch (error) {
    if (!hasCode(error, NAMESPACE_NOT_FOUND)) throw error;
  }
}

/** A collection that no record tells of is anybody's: records may have been emptied away. */
async function isOwn(db: Db, names: CollectionNames, { name }: ModelDefinition, collection: string): Promise<boolean> {
  const record = await versionsIn(db, names).findOne({ collection });
  return record === null || record.model === name;
}
