/**
 * Han, Hiragana, Katakana and Hangul with what is written among them: no spaces stand between their words, so every
 * character is made a word of its own. https://www.unicode.org/reports/tr24/#Script_Extensions
 */
const CJK = /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}]/gu;

/** All of the above lies beyond this; texts without it, the most, are told by one quick look. */
const BEYOND_LATIN = /[\u0300-\u{10ffff}]/u;

/**
 * A text as the index holds it: compatibility forms (full and half width, ligatures) in their plain form, and spaces
 * around each character that is a word of its own. What is searched for goes the same way.
 */
export function segment(text: string): string {
  return BEYOND_LATIN.test(text) ? text.normalize('NFKC').replace(CJK, ' $& ') : text;
}
