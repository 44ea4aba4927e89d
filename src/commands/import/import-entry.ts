/** One server of an imported file: a definition to check, or the reason to leave it out. */
export interface ImportEntry {
  /** As the file has it. */
  readonly source: string;
  readonly definition?: Readonly<Record<string, unknown>>;
  readonly skipped?: string;
}

const longestName = 100;

/** `@scope/name` and the like become names that an mcp may have. */
export function toName(source: string): string {
  // Cut first: the file may hold a name of any length, and what follows takes time by its square.
  return source
    .slice(0, longestName)
    .replace(/[^\p{L}\p{N}._ -]+/gu, '-')
    .replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
}
