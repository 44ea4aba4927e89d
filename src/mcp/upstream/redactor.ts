import type { UpstreamError } from '../../ports/upstream.ts';

/** What stands in the place of a secret. */
const MASK = '[secret]';

/** Shorter ones would black out everything else. */
const [SHORTEST, SHORTEST_PART] = [4, 8];

/** Takes the secrets of one connection out of whatever its server says. */
export class Redactor {
  #pattern: RegExp | undefined;

  /** These from now on, besides those of before: what is on its way may still have them. */
  add(secrets: readonly string[]): void {
    for (const secret of secrets) for (const form of formsOf(secret)) this.#forms.add(form);
    const longestFirst = [...this.#forms].sort((one, other) => other.length - one.length);
    if (longestFirst.length > 0) this.#pattern = new RegExp(longestFirst.map(literal).join('|'), 'g');
  }

  readonly #forms = new Set<string>();

  readonly text = (text: string): string => (this.#pattern === undefined ? text : text.replace(this.#pattern, MASK));

  /** A JSON value without the secrets, in its texts and in the names of its members; the same one when it has none. */
  value(value: unknown): unknown {
    const pattern = this.#pattern;
    if (pattern === undefined) return value;
    return withoutSecrets(value, this.text);
  }

  /** An error without the secrets, in what it was caused by as well. */
  error<Kind extends UpstreamError>(error: Kind): Kind {
    if (this.#pattern === undefined) return error;
    const seen = new Set<Error>();
    for (let at: unknown = error; at instanceof Error && !seen.has(at); at = at.cause) {
      seen.add(at);
      at.message = this.text(at.message);
      if (at.stack !== undefined) at.stack = this.text(at.stack);
    }
    return error;
  }
}

/** A text as a regular expression that matches it alone. */
function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** Walks without recursion: a server may nest as deep as it likes. */
function withoutSecrets(root: unknown, clean: (text: string) => string): unknown {
  if (typeof root === 'string') return clean(root);
  const waiting: unknown[] = [root];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    // What was just parsed is nobody else's: it is changed where it stands.
    const container = value as Record<string, unknown>;
    for (const [name, member] of Object.entries(container)) {
      if (typeof member === 'string') container[name] = clean(member);
      else if (typeof member === 'object' && member !== null) waiting.push(member);
      if (Array.isArray(value)) continue;
      const cleaned = clean(name);
      if (cleaned === name) continue;
      container[cleaned] = container[name];
      Reflect.deleteProperty(container, name);
    }
  }
  return root;
}

/** The ways in which a server may say a secret again: as it is, in JSON, in an address, in base64, or a part of it. */
function formsOf(secret: string): readonly string[] {
  if (secret.length < SHORTEST) return [];
  const parts = [...secret.split(/\s+/), ...credentialsOf(secret)].filter(({ length }) => length >= SHORTEST_PART);
  return [secret, ...parts].flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text),
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
    Buffer.from(text).toString('base64url'),
  ]);
}

/** User and password of HTTP Basic (RFC 7617), together and the password alone. */
function credentialsOf(secret: string): readonly string[] {
  const encoded = /^basic\s+(\S+)$/i.exec(secret)?.[1];
  if (encoded === undefined) return [];
  const pair = Buffer.from(encoded, 'base64').toString();
  return [pair, pair.slice(pair.indexOf(':') + 1)];
}
