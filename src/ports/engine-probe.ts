/** What a server says of itself. */
export interface EngineAnswer {
  readonly engine: string;
  readonly version: string;
  /** Of the question and its answer. */
  readonly latencyMs: number;
}

/** A part that can be asked whether its server is there. @throws StoreUnavailable it is not */
export interface Probe {
  ping(): Promise<EngineAnswer>;
}
