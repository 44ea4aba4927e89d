/**
 * A store cannot serve now (full or read-only disk, engine away). Nothing was recorded, unless it is OutcomeUnknown; trying
 * again is safe.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly retryAfterMs: number;

  constructor(message: string, options: { readonly retryAfterMs?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs ?? 1000;
  }
}

/** The store went away before it answered: nobody knows whether an append was recorded until it is asked again. */
export class OutcomeUnknown extends StoreUnavailable {
  /**
   * Whether this very append was recorded, and not the same one sent by somebody else.
   * @throws StoreUnavailable still nobody knows
   */
  readonly wasRecorded: () => Promise<boolean>;

  constructor(cause: StoreUnavailable, wasRecorded: () => Promise<boolean>) {
    super(cause.message, { retryAfterMs: cause.retryAfterMs, cause });
    this.wasRecorded = wasRecorded;
  }
}
