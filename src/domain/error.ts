/**
 * What kind of refusal a code is. The edges (HTTP, MCP, command line) translate the kind; the domain knows no status
 * codes.
 */
export type RejectionKind = 'invalid' | 'not_found' | 'conflict' | 'forbidden' | 'unauthenticated' | 'unsupported';

export interface InputFault {
  /** JSON pointer into the input (RFC 6901). */
  readonly pointer: string;
  readonly detail: string;
}

/** A command that the rules refuse. `code` is stable snake_case that programs match on; `message` is for people. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly kind: RejectionKind;
  readonly code: string;
  readonly faults: readonly InputFault[];

  constructor(kind: RejectionKind, code: string, message: string, faults: readonly InputFault[] = []) {
    super(message);
    this.kind = kind;
    this.code = code;
    this.faults = faults;
  }
}

/** The credential has scopes, and none of them is for this. */
export class InsufficientScope extends DomainError {
  /** What would have been enough. */
  readonly scope: string;

  constructor(scope: string) {
    super('forbidden', 'insufficient_scope', `this needs a credential with the scope ${scope}`);
    this.scope = scope;
  }
}
