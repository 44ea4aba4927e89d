import { segment } from './cjk.ts';
import { tokensOf } from './tokens.ts';

/** Quoted words, or one word; a quotation mark without its partner is a space. */
const PIECE = /"([^"]*)"|[^\s"]+/g;

/** What was asked for: every phrase must occur. A phrase is the words of one piece, in their order. */
export interface SearchWords {
  /** As FTS5 reads it: nothing but quoted strings, so that nothing in them is syntax. */
  readonly expression: string;
  readonly phrases: readonly (readonly string[])[];
}

/** Reads what a person typed. Undefined when there is no word in it: then nothing can be found. */
export function searchWords(typed: string): SearchWords | undefined {
  const quoted: string[] = [];
  const phrases: string[][] = [];
  for (const match of typed.toWellFormed().matchAll(PIECE)) {
    const piece = match[1] ?? match[0];
    const words = [...tokensOf(piece)].map(({ word }) => word);
    if (words.length === 0) continue;
    phrases.push(words);
    quoted.push(`"${segment(piece).replaceAll('\0', ' ')}"`);
  }
  return quoted.length === 0 ? undefined : { expression: quoted.join(' '), phrases };
}
