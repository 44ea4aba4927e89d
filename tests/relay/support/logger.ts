import type { Logger } from '../../../src/ports/logger.ts';

/** Writes lines only when ANNALS_TEST_LOG is set. */
export const quiet: Logger = {
  debug: (fields, message) => {
    if (!message.startsWith('kafka client')) say('debug')(fields, message);
  },
  info: say('info'),
  warn: say('warn'),
  error: say('error'),
  child: () => quiet,
};

function say(level: string): Logger['info'] {
  if (!process.env['ANNALS_TEST_LOG']) return () => undefined;
  return (fields, message) => console.error(new Date().toISOString(), process.pid, level, message, fields);
}
