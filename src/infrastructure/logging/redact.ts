const BLACKED_OUT = '[redacted]';
const MAX_DEPTH = 8;
const MAX_ITEMS = 200;

/** Names, without case and separators, whose values are secret; those that end in one of the last group are as well. */
const secretNames =
  /^(authorization|proxyauthorization|cookie|setcookie|apikey|xapikey|key|masterkey|privatekey|credentials?|.*(password|passphrase|passwordhash|token|secret|apikey))$/;

/** Credentials that stand in the middle of a text, such as the message of an error. */
const credentialsInText = /\b(Bearer\s+)[\w.~+/=-]{8,}|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/gi;

// Control characters, and the line and paragraph separators that some viewers break at.
const controls = /[\p{Cc}\u2028\u2029]/gu;

/**
 * Text that stays on its line and sends no commands to a terminal: control characters are written as escapes, and
 * credentials are blacked out.
 */
export function plainText(text: string): string {
  return text
    .replace(credentialsInText, (_match, bearer: string | undefined) => `${bearer ?? ''}${BLACKED_OUT}`)
    .replace(controls, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A copy of the fields of a log line that holds no secret, no control character, and nothing endless. */
export function plainFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return plainRecord(fields, 0, new Set());
}

function plainRecord(record: object, depth: number, above: ReadonlySet<object>): Record<string, unknown> {
  const entries = Object.entries(record).slice(0, MAX_ITEMS);
  return Object.fromEntries(
    entries.map(([name, value]) => [plainText(name), isSecret(name, value) ? BLACKED_OUT : plain(value, depth, above)]),
  );
}

function isSecret(name: string, value: unknown): boolean {
  if (value === undefined || value === null || typeof value === 'boolean' || typeof value === 'number') return false;
  return secretNames.test(name.replace(/[-_.\s]/g, '').toLowerCase());
}

function plain(value: unknown, depth: number, above: ReadonlySet<object>): unknown {
  if (typeof value === 'string') return plainText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (above.has(value)) return '[circular]';
  if (depth >= MAX_DEPTH) return '[too deep]';
  const path = new Set(above).add(value);
  if (value instanceof Error) return plainError(value, depth + 1, path);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (value instanceof URL) return plainText(withoutCredentials(value));
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => plain(item, depth + 1, path));
  if (value instanceof Map) return plainRecord(Object.fromEntries(value) as object, depth + 1, path);
  if (value instanceof Set) return [...value].slice(0, MAX_ITEMS).map((item) => plain(item, depth + 1, path));
  return plainRecord(value, depth + 1, path);
}

/** An error as data: its own fields (a code, a status) beside type, message, frames and cause. */
function plainError(error: Error, depth: number, above: ReadonlySet<object>): Record<string, unknown> {
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  return {
    ...plainRecord(error, depth, above),
    type: plainText(error.name),
    message: plainText(error.message),
    ...(frames.length === 0 ? {} : { stack: frames.map((frame) => plainText(frame.trim())) }),
    ...(error.cause === undefined ? {} : { cause: plain(error.cause, depth, above) }),
    ...(error instanceof AggregateError ? { errors: plain(error.errors, depth, above) } : {}),
  };
}

function withoutCredentials(url: URL): string {
  const copy = new URL(url);
  if (copy.username !== '' || copy.password !== '') {
    copy.username = 'redacted';
    copy.password = '';
  }
  return copy.href;
}
