/** How far the keys of stored secrets are sealed with the master key that is to be used from now on. */
export interface RewrapStatus {
  /** `pending`: there is something to do, and nobody is known to do it. */
  readonly status: 'pending' | 'running' | 'succeeded' | 'failed';
  /** Secrets that were looked at, and how many there are. */
  readonly done: number;
  readonly total: number;
  /** RFC 3339, UTC; null when it is not known. */
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly error: string | null;
  /** Id of the master key that seals now; it tells nothing of the key. */
  readonly masterKey: string;
  /** Whether the master key of before has to stay in the settings still. */
  readonly previousNeeded: boolean;
}

/** Seals stored secrets with another master key, beside everything else that goes on. */
export interface Rewrapping<Context> {
  /** Begins, or joins what has begun. What an earlier one left undone is gone on with. */
  start(context: Context): Promise<RewrapStatus>;
  /** Whichever process does it. */
  status(): Promise<RewrapStatus>;
  /** Stops after the secret that it is at. */
  close(): Promise<void>;
}
