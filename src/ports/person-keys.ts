/** What is kept of a person's key: the key itself, wrapped, or that it was erased. */
export type KeptKey = { readonly status: 'kept'; readonly wrapped: string } | { readonly status: 'erased' };

/**
 * The keys with which personal data is sealed, one for each user, outside the log: so that one can be forgotten while the
 * log stays whole. Everything is durable when it is answered.
 */
export interface PersonKeys {
  /** What is kept for these users; nothing for one who never had a key. @throws StoreUnavailable */
  get(people: readonly string[]): Promise<ReadonlyMap<string, KeptKey>>;

  /** Keeps a key unless something is kept for this user; answers what is kept then. @throws StoreUnavailable */
  create(person: string, wrapped: string): Promise<KeptKey>;

  /**
   * Forgets the key for good; that it was there stays, so that none is made anew. Again, or of one who never had a key: no
   * harm. @throws StoreUnavailable
   */
  erase(person: string): Promise<void>;

  close(): Promise<void>;
}
