/** A server that a test may do anything to. */
export interface Stoppable {
  /** Ends it as an operator does, and answers when it is gone. */
  stop(): Promise<void>;
  /** Answers when it takes requests again, with what it had stored. One that runs stays as it is. */
  start(): Promise<void>;
  /** Ends it without a chance to do anything more. */
  kill(): Promise<void>;
  /** Holds it: whoever is connected stays so and hears nothing. */
  silence(): void;
  /** Lets it go on after `silence`. */
  goOn(): void;
}

/** Runs, whatever a test that failed has left it in. */
export async function heal(server: Stoppable): Promise<void> {
  server.goOn();
  await server.start();
}
