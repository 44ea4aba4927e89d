/** Something that the person at the command line is told, without a stack trace. Exit code 1. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** What the server said, for `--json`. */
  readonly problem: unknown;

  constructor(message: string, problem?: unknown) {
    super(message);
    this.problem = problem;
  }
}

/** The command was written wrong. Exit code 2. */
export class UsageError extends CliError {}
