import type { Logger } from '../../src/ports/logger.ts';

/** Says nothing but what went wrong. */
export const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields, message) => console.error(message, fields),
  error: (fields, message) => console.error(message, fields),
  child: () => quiet,
};
