/** Where a large value lies, told by its content. */
export interface BlobRef {
  /** Lower-case hex SHA-256 of the bytes. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  readonly mediaType: string;
}

/** Content-addressed storage: the same bytes are kept once, and a name can never come to mean other bytes. */
export interface BlobStore {
  /** Durable when it answers. @throws StoreUnavailable */
  put(bytes: Uint8Array, mediaType: string): Promise<BlobRef>;
  /** The bytes, checked against the hash; undefined when nothing is stored under it. */
  get(sha256: string): Promise<Uint8Array | undefined>;
}
