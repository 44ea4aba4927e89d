import { isIP } from 'node:net';
import { z } from 'zod';
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

/** A setting of an engine that this release cannot use yet: only unset is right, because ignoring it would mislead. */
export const notInThisRelease: TextSchema<undefined> = z.optional(z.string()).transform((value, context) => {
  if (value === undefined) return undefined;
  return refuse(context, 'is set, but this release runs on its embedded engines only; remove it');
});
