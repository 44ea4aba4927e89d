import { tokensOf, type Token } from './tokens.ts';

/** UTF-16 units of text around what was found. */
const BEFORE = 60;
const LENGTH = 240;

const START = '\u0002';
const END = '\u0003';
const MARKS = /[\u0002\u0003]/g;

/**
 * A piece of the text around the first place where one of the phrases stands, each phrase in it between U+0002 and
 * U+0003. Marks that stand in the text itself are left out. The beginning of the text when no phrase is found.
 */
export function snippetOf(text: string, phrases: readonly (readonly string[])[]): string {
  const found = places(text, phrases);
  const first = found[0];
  const from = wordStart(text, Math.max(0, (first?.start ?? 0) - BEFORE));
  const to = wordEnd(text, Math.max(from + LENGTH, first?.end ?? 0));
  let snippet = from > 0 ? '…' : '';
  let at = from;
  for (const { start, end } of found) {
    if (start < at || end > to) continue;
    snippet += `${plain(text.slice(at, start))}${START}${plain(text.slice(start, end))}${END}`;
    at = end;
  }
  return `${snippet}${plain(text.slice(at, to))}${to < text.length ? '…' : ''}`;
}

interface Place {
  readonly start: number;
  readonly end: number;
}

/** Where phrases stand, in order; looks no further than a snippet's length beyond the first. */
function places(text: string, phrases: readonly (readonly string[])[]): readonly Place[] {
  const longest = Math.max(0, ...phrases.map((phrase) => phrase.length));
  const found: Place[] = [];
  const recent: Token[] = [];
  for (const token of tokensOf(text)) {
    const first = found[0];
    if (first !== undefined && token.start > first.end + LENGTH) break;
    recent.push(token);
    if (recent.length > longest) recent.shift();
    for (const phrase of phrases) {
      const start = startOf(phrase, recent);
      if (start !== undefined) found.push({ start, end: token.end });
    }
  }
  return found.sort((a, b) => a.start - b.start || b.end - a.end);
}

/** Where the phrase starts that the last tokens end with. */
function startOf(phrase: readonly string[], recent: readonly Token[]): number | undefined {
  const offset = recent.length - phrase.length;
  if (offset < 0) return undefined;
  return phrase.every((word, index) => recent[offset + index]?.word === word) ? recent[offset]?.start : undefined;
}

/** The start of the word that a cut would halve, unless that is far away. */
function wordStart(text: string, cut: number): number {
  if (cut === 0) return 0;
  const space = text.slice(cut, cut + BEFORE / 2).search(/\s/);
  return space < 0 ? afterPair(text, cut) : cut + space + 1;
}

function wordEnd(text: string, cut: number): number {
  if (cut >= text.length) return text.length;
  const space = text.slice(cut, cut + BEFORE / 2).search(/\s/);
  return space < 0 ? afterPair(text, cut) : cut + space;
}

/** Never between the halves of one character. */
function afterPair(text: string, cut: number): number {
  const unit = text.charCodeAt(cut);
  return unit >= 0xdc00 && unit <= 0xdfff ? cut + 1 : cut;
}

function plain(text: string): string {
  return text.replace(MARKS, '');
}
