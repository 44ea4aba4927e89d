import type { Logger } from '../../src/ports/logger.ts';

export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: unknown;
}

export interface LogLines extends Logger {
  readonly lines: readonly LoggedLine[];
}

/** A logger that keeps its lines. */
export function logLines(): LogLines {
  const lines: LoggedLine[] = [];
  const at = (level: LoggedLine['level']) => (fields: unknown, message: string) =>
    void lines.push({ level, message, fields });
  const logger: LogLines = {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => logger,
  };
  return logger;
}
