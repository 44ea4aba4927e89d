import { pino, type DestinationStream, type Logger as Pino } from 'pino';
import pretty from 'pino-pretty';
import type { LogFields, Logger } from '../../ports/logger.ts';
import { plainFields, plainText } from './redact.ts';

export interface LoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** `auto` is pretty on a terminal and JSON otherwise. */
  readonly format: 'auto' | 'json' | 'pretty';
  /** Where lines go; standard output when absent. */
  readonly destination?: DestinationStream;
}

/**
 * A logger that writes one line for each call, before the call returns: what was logged before a crash is there after
 * it. JSON lines have `level` (a word), `time` (RFC 3339), `message` and the fields.
 */
export function createPinoLogger(options: LoggerOptions): Logger {
  const asPretty = options.format === 'pretty' || (options.format === 'auto' && process.stdout.isTTY);
  const destination = asPretty
    ? prettyStream(options.destination)
    : (options.destination ?? pino.destination({ dest: 1, sync: true }));
  return wrap(
    pino(
      {
        level: options.level,
        base: null,
        messageKey: 'message',
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      destination,
    ),
  );
}

function prettyStream(destination: DestinationStream | undefined): DestinationStream {
  return pretty({
    sync: true,
    colorize: destination === undefined && process.stdout.isTTY,
    messageKey: 'message',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    ...(destination === undefined ? {} : { destination: destination as NodeJS.WritableStream }),
  });
}

function wrap(inner: Pino): Logger {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: LogFields, message: string): void => {
      if (inner.isLevelEnabled(level)) inner[level](plainFields(fields), plainText(message));
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => wrap(inner.child(plainFields(fields))),
  };
}
