/** What a server of a version does otherwise than the others, as far as the stand-in plays it. */
export interface VersionTraits {
  readonly batchAppend: boolean;
  /** Events read from a stream say where they stand in the log. */
  readonly streamReadsTellPositions: boolean;
  /** Subscriptions are told when they have caught up. */
  readonly caughtUp: boolean;
}

/** @param version such as `23.10.1` */
export function traitsOf(version: string): VersionTraits {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const at = major * 100 + minor;
  return { batchAppend: at >= 2110, streamReadsTellPositions: at >= 2206, caughtUp: at >= 2310 };
}
