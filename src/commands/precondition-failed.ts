import type { Revision } from '../ports/event-store.ts';

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
