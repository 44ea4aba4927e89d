import { isIP } from 'node:net';
import { z } from 'zod';
import { isLoopback } from './loopback.ts';
import { weaknessOfSecret } from './weak-secrets.ts';

type TextSchema<Value> = z.ZodType<Value, string | undefined>;

function refuse(context: z.core.$RefinementCtx, message: string): typeof z.NEVER {
  context.issues.push({ code: 'custom', message, input: context.value });
  return z.NEVER;
}

/** A whole number within bounds; `unit` is named in the refusal. */
export function wholeNumber(bounds: {
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
  readonly unit?: string;
}): TextSchema<number> {
  const unit = bounds.unit === undefined ? '' : ` ${bounds.unit}`;
  return z.optional(z.string()).transform((text, context) => {
    if (text === undefined) return bounds.fallback;
    const value = Number(text);
    if (/^\d{1,15}$/.test(text) && value >= bounds.min && value <= bounds.max) return value;
    return refuse(context, `is not a whole number from ${bounds.min} to ${bounds.max}${unit}`);
  });
}

/** One of a few words. */
export function choice<const Word extends string>(words: readonly Word[], fallback: NoInfer<Word>): TextSchema<Word> {
  return z.optional(z.string()).transform((text, context) => {
    if (text === undefined) return fallback;
    return words.find((word) => word === text) ?? refuse(context, `is not one of: ${words.join(', ')}`);
  });
}

/** Text without control characters, within a length. */
export function text(fallback: string): TextSchema<string> {
  return z.optional(z.string()).transform((value, context) => {
    if (value === undefined) return fallback;
    return /[\p{Cc}]/u.test(value) ? refuse(context, 'has control characters') : value;
  });
}

/** An address to listen on, or a host name. */
export function host(fallback: string): TextSchema<string> {
  return z.optional(z.string()).transform((value, context) => {
    if (value === undefined) return fallback;
    const bare = value.replace(/^\[(.*)\]$/, '$1');
    if (isIP(bare) !== 0) return bare;
    const named = /^(?!.*\d$)([a-z\d]([a-z\d-]{0,61}[a-z\d])?\.)*[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/i.test(bare);
    return named ? bare : refuse(context, 'is neither an IP address nor a host name; a port goes into PORT');
  });
}

/** Scheme, host and port of a server on the web, https unless on loopback; undefined when unset. */
export const origin: TextSchema<string | undefined> = z.optional(z.string()).transform((value, context) => {
  if (value === undefined) return undefined;
  const url = URL.parse(value);
  if (!url || !/^https?:$/.test(url.protocol)) return refuse(context, 'is not an http or https URL');
  if (`${url.origin}/` !== url.href) return refuse(context, 'must be scheme, host and port alone');
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) return refuse(context, 'must be https');
  return url.origin;
});

/** Parts between commas, each trimmed and checked; `problemOf` says what is wrong with one part. */
function list(
  fallback: readonly string[],
  problemOf: (part: string) => string | undefined,
): TextSchema<readonly string[]> {
  return z.optional(z.string()).transform((value, context) => {
    if (value === undefined) return fallback;
    const parts = value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
    const problems = parts.flatMap((part) => problemOf(part) ?? []);
    return problems.length > 0 ? refuse(context, problems.join('; ')) : [...new Set(parts)];
  });
}

function problemOfRange(range: string): string | undefined {
  const [, address = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(range) ?? [];
  const version = isIP(address);
  const bits = version === 4 ? 32 : 128;
  if (version === 0 || address.includes('%')) return `has "${range}", which is no IP address or range`;
  if (prefix !== undefined && Number(prefix) > bits) return `has "${range}", whose prefix is longer than ${bits}`;
  return undefined;
}

/** Address ranges in CIDR notation; one address alone stands for itself. */
export const addressRanges: TextSchema<readonly string[]> = list([], problemOfRange);

function problemOfExecutable(name: string): string | undefined {
  if (/[\p{Cc}\s]/u.test(name)) return 'has an executable with spaces in its name; arguments do not belong here';
  if (name.includes('/') && !name.startsWith('/')) return `has "${name}": give a bare name or an absolute path`;
  if (name.split('/').includes('..')) return `has "${name}", which goes upwards`;
  return undefined;
}

/** Names of executables, or absolute paths to them. */
export function executables(fallback: readonly string[]): TextSchema<readonly string[]> {
  return list(fallback, problemOfExecutable);
}

/** A key for signing or encryption, undefined when unset. */
export function key(minimumBytes: number): TextSchema<string | undefined> {
  return z.optional(z.string()).transform((value, context) => {
    const weakness = value === undefined ? undefined : weaknessOfSecret(value, minimumBytes);
    return weakness === undefined ? value : refuse(context, weakness);
  });
}

/**
 * A URL of one of the schemes, undefined when unset. What is wrong is told without the URL, which may hold a password.
 */
export function engineUrl(...schemes: readonly string[]): TextSchema<string | undefined> {
  return z.optional(z.string()).transform((value, context) => {
    const url = value?.trim() ?? '';
    if (url === '') return undefined;
    const scheme = /^([a-z][a-z\d+.-]*):\/\/[^\s/?#]/i.exec(url)?.[1]?.toLowerCase();
    if (scheme === undefined) return refuse(context, `is not a URL; it begins with ${schemes.join(':// or ')}://`);
    if (!schemes.includes(scheme)) {
      return refuse(context, `begins with ${scheme}://, not with ${schemes.join(':// or ')}://`);
    }
    return url;
  });
}

function problemOfBroker(broker: string): string | undefined {
  const [, port] = /^(?:[a-z\d._-]+|\[[\da-f:]+\]):(\d{1,5})$/i.exec(broker) ?? [];
  if (port === undefined || Number(port) < 1 || Number(port) > 65_535) {
    return 'names a broker that is not host:port';
  }
  return undefined;
}

/** Addresses `host:port` between commas, or one `kafka://` or `kafka+ssl://` URL of them; undefined when unset. */
export const brokers: TextSchema<string | undefined> = z.optional(z.string()).transform((value, context) => {
  const text = value?.trim() ?? '';
  if (text === '') return undefined;
  if (/^kafka(\+ssl)?:\/\/./.test(text)) return text;
  const problems = text.split(',').flatMap((part) => problemOfBroker(part.trim()) ?? []);
  return problems.length > 0 ? refuse(context, problems.join('; ')) : text;
});

/** Some of a few words, between commas; all of them when unset. */
export function someOf<const Word extends string>(words: readonly Word[]): TextSchema<readonly Word[]> {
  const problemOf = (part: string) =>
    words.some((word) => word === part) ? undefined : `has "${part}", which is not one of: ${words.join(', ')}`;
  return list(words, problemOf).transform((chosen) => words.filter((word) => chosen.includes(word)));
}

/** The beginning of names that every engine takes: lower-case letters, digits and dashes. */
export function namePrefix(fallback: string): TextSchema<string> {
  return z.optional(z.string()).transform((value, context) => {
    if (value === undefined) return fallback;
    return /^[a-z][a-z\d-]{0,30}$/.test(value)
      ? value
      : refuse(context, 'is not up to 31 lower-case letters, digits and dashes, beginning with a letter');
  });
}

/** Full paths of directories, none of them the root. */
export const absolutePaths = list([], (path) =>
  /^\/(?!.*(^|\/)\.\.?(\/|$)).*[^/]$/.test(path) ? undefined : `has "${path}", which is no full path of a directory`,
);

/** Addresses of package registries, without credentials: those are in the settings of npm. */
export const registries = list([], (part) => {
  const url = URL.parse(part);
  if (!url || !/^https?:$/.test(url.protocol)) return `has "${part}", which is no http or https URL`;
  if (url.username !== '' || url.password !== '') return 'has credentials: put them into the .npmrc of the user';
  return url.protocol === 'http:' && !isLoopback(url.hostname) ? `has "${part}", which must be https` : undefined;
});

/** Where checkpoints are witnessed. */
export type WitnessPlace = { readonly kind: 'file' | 'directory'; readonly path: string } | { readonly kind: 'stdout' };

/** `file:PATH`, `dir:PATH` or `stdout`; undefined when unset. */
export const witness: TextSchema<WitnessPlace | undefined> = z.optional(z.string()).transform((value, context) => {
  if (value === undefined) return undefined;
  if (value === 'stdout') return { kind: 'stdout' };
  const [, scheme, path] = /^(file|dir):(.+)$/.exec(value) ?? [];
  if (scheme === undefined || path === undefined || /\p{Cc}/u.test(path)) {
    return refuse(context, 'is not file:PATH, dir:PATH or stdout');
  }
  return { kind: scheme === 'file' ? 'file' : 'directory', path };
});

/** The path of a file, undefined when unset. */
export const filePath: TextSchema<string | undefined> = z.optional(z.string()).transform((value, context) => {
  return value !== undefined && /\p{Cc}/u.test(value) ? refuse(context, 'has control characters') : value;
});
