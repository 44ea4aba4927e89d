import type { InputFault } from '../../domain/error.ts';
import type { Position } from '../../ports/event-store.ts';

/** A fault in the input, and where the input came from when it was not the body. */
export interface RequestFault extends InputFault {
  readonly in?: 'path' | 'query' | 'header';
}

export interface ProblemOptions {
  readonly faults?: readonly RequestFault[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Members of the problem document besides the standard ones (RFC 9457, 3.2). */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Of the last event that the request caused all the same. */
  readonly position?: Position;
  readonly cause?: unknown;
}

/** A refusal that only HTTP knows: a wrong method, a body too large, a missing token. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  readonly code: string;
  readonly faults: readonly RequestFault[];
  readonly headers: Readonly<Record<string, string>>;
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly position: Position | undefined;

  constructor(status: number, code: string, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause });
    this.status = status;
    this.code = code;
    this.faults = options.faults ?? [];
    this.headers = options.headers ?? {};
    this.extensions = options.extensions ?? {};
    this.position = options.position;
  }
}
