export interface ConfigProblem {
  /** The setting's name, or a file's. */
  readonly name: string;
  /** What is wrong, and what would be right. Never holds a secret's value. */
  readonly detail: string;
  /** A value that would be accepted. */
  readonly example?: string;
}

/** The platform cannot start as it is set up. Carries every problem found, so that one round of mending is enough. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: { readonly cause?: unknown }) {
    super(['Annals cannot start as it is set up:', ...problems.map(asText)].join('\n'), options);
    this.problems = problems;
  }
}

function asText({ name, detail, example }: ConfigProblem): string {
  return `  ${name} ${detail}${example === undefined ? '' : `\n    example: ${example}`}`;
}
