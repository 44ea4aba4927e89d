import type { Kysely } from 'kysely';
import type { AnyRow, DocumentRow, ModelStore, ReadModel } from './read-model.ts';
import { StoreUnavailable } from './unavailable.ts';
import type { DocumentQuery, SearchHit, SearchQuery } from './read-models.ts';

/** What tells one read model from all others, and one shape of it from its earlier shapes. */
export interface ModelDefinition {
  readonly name: string;
  readonly schemaVersion: number;
  readonly model: ReadModel;
}

/** Which versions of a model are in use. */
export interface CatalogueEntry {
  /** The one that queries read. */
  readonly live: number;
  /** The one that was live before it, kept for a way back. */
  readonly previous: number | null;
  /** Of the definition that both were made by. */
  readonly schemaVersion: number;
}

export interface RelationalReader {
  readonly kind: 'relational';
  db<Database>(): Kysely<Database>;
}

export interface DocumentReader {
  readonly kind: 'documents';
  get(id: string): Promise<DocumentRow | undefined>;
  find(query: DocumentQuery): Promise<readonly DocumentRow[]>;
}

export interface SearchReader {
  readonly kind: 'search';
  search(query: SearchQuery): Promise<readonly SearchHit[]>;
}

export type ModelReader = RelationalReader | DocumentReader | SearchReader;

/** One version of a model, open for its projector and for queries. Closing the store ends the reader too. */
export interface OpenModel {
  readonly store: ModelStore<AnyRow>;
  readonly reader: ModelReader;
}

/** A version that is being filled from the log. Nobody reads it, and a crash may leave it in any state. */
export interface ModelBuild {
  readonly store: ModelStore<AnyRow>;
  /** Adds what is quicker to add at the end, and makes the version durable and ready for `open`. Closes the store. */
  finish(): Promise<void>;
}

/**
 * Where versions of read models live. Any number of threads may have one open on the same place, so long as each
 * version has one writer and one thread writes the catalogue.
 */
export interface ReadStores {
  /** By name of the model. Empty when nothing was published, or when the catalogue is damaged: all can be built anew. */
  catalogue(): Promise<ReadonlyMap<string, CatalogueEntry>>;
  /** Replaces models' entries, all at once: after a crash either the old or the new are there. @throws StoreUnavailable */
  publish(entries: ReadonlyMap<string, CatalogueEntry>): Promise<void>;
  /** The versions that exist, finished or not, in ascending order. */
  versions(definition: ModelDefinition): Promise<readonly number[]>;
  /** A new, empty version, ready for use. @throws StoreUnavailable */
  create(definition: ModelDefinition, version: number): Promise<OpenModel>;
  /** @throws ModelUnusable; StoreUnavailable */
  open(definition: ModelDefinition, version: number): Promise<OpenModel>;
  /** A new, empty version for bulk loading; what is left of an earlier attempt is removed. @throws StoreUnavailable */
  build(definition: ModelDefinition, version: number): Promise<ModelBuild>;
  /** Removes a version and everything in it; one that does not exist is no error. */
  drop(definition: ModelDefinition, version: number): Promise<void>;
}

/**
 * There is no such version, or it is damaged: the way out is to build it anew from the log. Nothing was written, and it
 * says nothing about the event that was to be taken in.
 */
export class ModelUnusable extends StoreUnavailable {}
