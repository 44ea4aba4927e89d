import type { z } from 'zod';

/** One environment variable: how it is read and how it is explained. The table of them is settings.ts. */
export interface Setting<Value = unknown> {
  /** The environment variable. */
  readonly name: string;
  readonly group: string;
  /** One or two sentences for the person who sets it. */
  readonly description: string;
  /** What holds when it is unset, in words or as a value that could be written. */
  readonly defaultText: string;
  /** A value that would be accepted; for a secret, the command that makes one. */
  readonly example: string;
  /** Its value is never shown, neither in messages nor in logs. */
  readonly secret?: boolean;
  /** Reads the text; undefined stands for unset. */
  readonly schema: z.ZodType<Value, string | undefined>;
}

/** Keeps the value's type while the table is written as data. */
export function setting<Value>(definition: Setting<Value>): Setting<Value> {
  return definition;
}
