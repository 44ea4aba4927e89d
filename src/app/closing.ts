import type { Logger } from '../ports/logger.ts';

/** What was opened, to be closed in the opposite order. */
export interface Closing {
  add(name: string, close: () => unknown): void;
  /** Closes everything, each once; what fails is logged and keeps nothing else open. */
  run(): Promise<void>;
}

export function createClosing(logger: Logger): Closing {
  const steps: { readonly name: string; readonly close: () => unknown }[] = [];
  return {
    add: (name, close) => void steps.push({ name, close }),
    async run() {
      for (let step = steps.pop(); step; step = steps.pop()) {
        try {
          await step.close();
        } catch (error) {
          logger.error({ err: error, part: step.name }, 'a part could not be closed cleanly');
        }
      }
    },
  };
}
