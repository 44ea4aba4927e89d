/** A package that a launch names, as it was found. */
export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  /** Of its archive, as the registry tells it (Subresource Integrity); null where nobody told it. */
  readonly integrity: string | null;
}

/**
 * What stands behind the packages that a transport starts by their names. It is found out once for a version, and what runs
 * from then on is this or nothing.
 */
export type PackagePin =
  | {
      readonly source: 'registry';
      readonly packages: readonly PinnedPackage[];
      /** Every package that comes with them, by its place, with address and integrity: `packages` of an npm lockfile (v3). */
      readonly lock: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    }
  | {
      /** It was installed on the machine already, by its operator. */
      readonly source: 'installed';
      readonly packages: readonly PinnedPackage[];
      /** SHA-256 of the names and contents of its files, in hex. */
      readonly contents: string;
    };
