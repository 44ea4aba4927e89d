import type { Revision } from '../ports/event-store.ts';
import type { CommandContext } from './context.ts';

/** The caller said which revision it saw, and the resource has another. */
export class PreconditionFailed extends Error {
  override readonly name = 'PreconditionFailed';
  readonly expected: Revision;
  readonly actual: Revision;

  constructor(expected: Revision, actual: Revision) {
    super(`the resource is at revision ${actual}, not ${expected}`);
    this.expected = expected;
    this.actual = actual;
  }
}

/** For what begins before its command does: the revision that the caller saw is the one that is there. @throws PreconditionFailed */
export function demandRevision({ expectedRevision }: CommandContext, actual: Revision): void {
  if (expectedRevision !== undefined && expectedRevision !== actual) {
    throw new PreconditionFailed(expectedRevision, actual);
  }
}
