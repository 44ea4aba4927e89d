import type { Offer } from './definition.ts';
import { childPointer, isObject } from './diff/json.ts';

/** Text that a person does not see as a model reads it. */
export interface HiddenText {
  /** Into the version as the API shows it, tools, prompts and resources found by name: `/tools/<name>/description`. */
  readonly pointer: string;
  /** Each hidden character that occurs, once: `U+200B`. */
  readonly characters: readonly string[];
  /** The text as it is read, with what is hidden written out, and no longer than a line or two. */
  readonly shown: string;
}

/**
 * Characters that leave nothing to see, or turn around what is seen: controls, soft hyphens, zero-width characters, marks and
 * overrides of direction, invisible operators, fillers, selectors that nothing asks for, and the tags of plane 14, which
 * spell out ASCII (Unicode 17.0, Default_Ignorable_Code_Point and Bidi_Control).
 */
const hidden =
  /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFB]|[\u{1BCA0}-\u{1BCA3}\u{1D173}-\u{1D17A}\u{E0000}-\u{E0FFF}]/gu;

/** Emoji are put together with joiners, selectors and tags, and some scripts are written with joiners: these hide nothing. */
const harmless = new RegExp(
  [
    String.raw`\u{1F3F4}\u{E0067}\u{E0062}(?:\u{E0065}\u{E006E}\u{E0067}|\u{E0073}\u{E0063}\u{E0074}|\u{E0077}\u{E006C}\u{E0073})\u{E007F}`,
    String.raw`[\p{Extended_Pictographic}\p{Emoji_Modifier}]\uFE0F?\u200D(?=\p{Extended_Pictographic})`,
    String.raw`\p{Extended_Pictographic}[\uFE0E\uFE0F]|[0-9#*]\uFE0F(?=\u20E3)`,
    String.raw`(?<=[\p{Script=Arabic}\p{M}])\u200C(?=\p{Script=Arabic})`,
    String.raw`(?<=\p{M})[\u200C\u200D]`,
  ].join('|'),
  'gu',
);

const longestShown = 300;
const mostFindings = 200;

/** What is hidden in the names, descriptions and schemas that a server offers, in their order; no more than 200 findings. */
export function hiddenTextOf(offer: Offer): readonly HiddenText[] {
  const found: HiddenText[] = [];
  const { tools, prompts, resources, resourceTemplates, server } = offer;
  const lists = { tools, prompts, resources, resourceTemplates };
  for (const [list, definitions] of Object.entries(lists)) {
    for (const definition of definitions) collect(definition, childPointer(`/${list}`, definition.name), found);
  }
  collect(server, '/server', found);
  return found;
}

/** Walks without recursion: a server may nest as deep as it likes. */
function collect(root: unknown, at: string, found: HiddenText[]): void {
  const waiting: { readonly value: unknown; readonly pointer: string }[] = [{ value: root, pointer: at }];
  for (let next = waiting.pop(); next !== undefined && found.length < mostFindings; next = waiting.pop()) {
    const { value, pointer } = next;
    if (typeof value === 'string') look(value, pointer, found);
    else if (Array.isArray(value)) {
      for (let index = value.length - 1; index >= 0; index--) {
        waiting.push({ value: value[index], pointer: childPointer(pointer, index) });
      }
    } else if (isObject(value)) {
      for (const [key, member] of Object.entries(value).reverse()) {
        const inner = childPointer(pointer, key);
        waiting.push({ value: member, pointer: inner });
        look(key, inner, found);
      }
    }
  }
}

function look(text: string, pointer: string, found: HiddenText[]): void {
  const characters = text.replace(harmless, '').match(hidden);
  if (characters === null || found.length >= mostFindings) return;
  const shown = text.replace(hidden, (character) => `\\u{${hexOf(character)}}`);
  const short = shown.length > longestShown ? `${shown.slice(0, longestShown - 1).toWellFormed()}…` : shown;
  found.push({
    pointer,
    characters: [...new Set(characters)].map((one) => `U+${hexOf(one).padStart(4, '0')}`),
    shown: short,
  });
}

function hexOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
}
