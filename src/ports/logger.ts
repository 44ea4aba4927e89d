/** Facts of a log line. Errors may stand under any name; secrets are blacked out by name, at any depth. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log lines. Writing one never fails and never throws. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A logger whose lines all carry these fields too, such as the correlation id of one request. */
  child(fields: LogFields): Logger;
}
