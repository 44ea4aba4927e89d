import { segment } from './cjk.ts';

/** What FTS5's `unicode61` takes for one word: letters, digits and private use. https://sqlite.org/fts5.html#unicode61_tokenizer */
const WORD = /[\p{L}\p{N}\p{Co}][\p{L}\p{N}\p{Co}\p{M}]*/gu;
const MARKS = /\p{M}/gu;
const ASCII = /^[\u0000-\u007f]*$/;

/** A word of the index, and where in the text it comes from. */
export interface Token {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

/** The words of a text in order: each is found when it is asked for in any case, width or accent. */
export function* tokensOf(text: string): Generator<Token> {
  for (const { 0: piece, index } of text.matchAll(WORD)) {
    if (ASCII.test(piece)) yield { word: piece.toLowerCase(), start: index, end: index + piece.length };
    else yield* tokensOfPiece(piece, index);
  }
}

/** A piece that is not plain ASCII may fall into several words, and each of its characters into none, one or more. */
function* tokensOfPiece(piece: string, start: number): Generator<Token> {
  let word = '';
  let wordStart = start;
  let at = start;
  for (const character of piece) {
    const end = at + character.length;
    const parts = segment(character);
    if (parts.startsWith(' ')) {
      if (word !== '') yield { word, start: wordStart, end: at };
      word = '';
      wordStart = end;
      for (const part of fold(parts).split(' ')) if (part !== '') yield { word: part, start: at, end };
    } else {
      word += fold(parts);
    }
    at = end;
  }
  if (word !== '') yield { word, start: wordStart, end: at };
}

function fold(text: string): string {
  return text.normalize('NFD').replace(MARKS, '').toLowerCase();
}
