import type { ServerResponse } from 'node:http';
import type { Position, Revision } from '../ports/event-store.ts';

interface AnswerHead {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a handler answers: a plain value, written by `writeAnswer` alone. */
export interface JsonAnswer extends AnswerHead {
  readonly kind?: 'json';
  /** JSON; absent: no body. */
  readonly body?: unknown;
  /** Of the resource: becomes its ETag. */
  readonly revision?: Revision;
  /** Of the last event that the request caused. */
  readonly position?: Position;
  /**
   * Id of the user whose personal data the body holds: where it is kept for a repeated request, it is sealed with his key.
   * Of a user who is erased, such a request is answered nothing any more.
   */
  readonly about?: string;
  /** The same object is answered again and again: its text is made once. */
  readonly shared?: boolean;
  /** The body holds a secret: it is never stored, and no cache may keep it. */
  readonly secret?: boolean;
}

/** A body that is not JSON, or is JSON already. */
export interface TextAnswer extends AnswerHead {
  readonly kind: 'text';
  readonly contentType: string;
  readonly text: string | Uint8Array;
}

/** The handler writes the body itself, after the headers given here. A promise that is rejected breaks the connection. */
export interface StreamAnswer extends AnswerHead {
  readonly kind: 'stream';
  readonly contentType: string;
  readonly write: (response: ServerResponse) => Promise<void>;
  /** Lets go of what the body would be made from, where nobody wants it: in place of `write`. */
  readonly discard?: () => Promise<void>;
  /** The answer ends with the connection, and is not cut into chunks. */
  readonly endsConnection?: true;
}

/** Another handler of HTTP writes the whole answer, its status included. */
export interface WrittenAnswer extends AnswerHead {
  readonly kind: 'written';
  readonly write: (response: ServerResponse) => Promise<void>;
}

export type Answer = JsonAnswer | TextAnswer | StreamAnswer | WrittenAnswer;

/** Whether an answer is plain JSON, which can be kept and given again. */
export function isJson(answer: Answer): answer is JsonAnswer {
  return answer.kind === undefined || answer.kind === 'json';
}

export function ok(body: unknown, revision?: Revision): JsonAnswer {
  return revision === undefined ? { status: 200, body } : { status: 200, body, revision };
}

/** The ETag of a revision. */
export function entityTag(revision: Revision): string {
  return `"${revision}"`;
}
