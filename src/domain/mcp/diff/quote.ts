import { canonicalJson } from './canonical-json.ts';

const longest = 60;
const mostListed = 5;

/** A value from a stranger as it appears in a sentence: short, on one line, with invisible characters made visible. */
export function quoted(value: unknown): string {
  const text = canonicalJson(value);
  const short = text.length > longest ? `${text.slice(0, longest).toWellFormed()}…` : text;
  return short.replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

/** The first few values, and how many more there are. */
export function quotedList(values: readonly unknown[]): string {
  const shown = values.slice(0, mostListed).map(quoted).join(', ');
  return values.length > mostListed ? `${shown} and ${values.length - mostListed} more` : shown;
}
