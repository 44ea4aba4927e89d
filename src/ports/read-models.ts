import type { Kysely } from 'kysely';
import type { Position } from './event-store.ts';
import type { Cell, DocumentRow } from './read-model.ts';

export interface DocumentQuery {
  readonly equals: Readonly<Record<string, string | number>>;
  readonly sort?: readonly { readonly field: string; readonly direction: 'asc' | 'desc' }[];
  readonly limit: number;
}

export interface SearchQuery {
  /** Words that must all occur; `"quoted words"` in this order. Any other character is a word like others: never syntax. */
  readonly words?: string;
  readonly equals?: Readonly<Record<string, Cell | readonly Cell[]>>;
  readonly range?: Readonly<Record<string, { readonly from?: Cell; readonly to?: Cell }>>;
  /** Ordered by this keyword field, then by id in the same direction. */
  readonly sort: { readonly field: string; readonly direction: 'asc' | 'desc' };
  /** Entries strictly beyond this pair of sort value and id. */
  readonly beyond?: { readonly value: Cell; readonly id: string };
  readonly limit: number;
}

export interface SearchHit {
  readonly id: string;
  readonly keywords: Readonly<Record<string, Cell>>;
  /** A piece of the text with each found word between U+0002 and U+0003; absent without words. */
  readonly snippet?: string;
}

/** Which version of a read model is live, and how it is: two queries at the same state find the same. */
export interface ModelState {
  readonly version: number;
  /** Of the projection's code. */
  readonly schemaVersion: number;
  /** Nothing after this position has changed it, of what it has taken in. */
  readonly changedAt: Position;
  /** Its store is another process, and has to be waited for. */
  readonly isRemote: boolean;
}

/** The live versions of the read models, as queries read them. A name is a projection's name. */
export interface ReadModels {
  /** Tables of a relational model, through kysely. Take it anew for each query: a rebuild may switch what is live. */
  relational<Database>(name: string): Kysely<Database>;
  document(name: string, id: string): Promise<DocumentRow | undefined>;
  documents(name: string, query: DocumentQuery): Promise<readonly DocumentRow[]>;
  search(name: string, query: SearchQuery): Promise<readonly SearchHit[]>;
  /** The last position that the model has taken in. */
  position(name: string): Position;
  /** Undefined while there is no live version, or one that lacks events which could not be taken in. */
  state(name: string): ModelState | undefined;
  /** Answers when the model has taken in the position, or after `timeoutMs`; with the position that it has then. */
  waitFor(name: string, position: Position, timeoutMs: number): Promise<Position>;
}
