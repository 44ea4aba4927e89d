import { StoreUnavailable } from './unavailable.ts';

/** What a server says of itself. */
export interface EngineAnswer {
  readonly engine: string;
  readonly version: string;
  /** Of the question and its answer. */
  readonly latencyMs: number;
}

/** A part that can be asked whether its server is there. @throws StoreUnavailable it is not; EngineUnfit */
export interface Probe {
  ping(): Promise<EngineAnswer>;
}

/**
 * The server is there, and cannot be used as it is set up: the password, the version, a newer program's database.
 * Waiting does not help; an operator has to change something.
 */
export class EngineUnfit extends StoreUnavailable {}
