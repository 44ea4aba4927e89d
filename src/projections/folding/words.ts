/** Collects text for a search entry up to a number of characters; what comes later is left out. */
export interface Words {
  /** Adds a piece of text, cut where the room ends. */
  add(text: string): Words;
  /** Adds the names and the plain values of a JSON value, without its punctuation. */
  addJson(value: unknown): Words;
  toString(): string;
}

/** Nothing deeper, and nothing after this many values, is worth a word; it also bounds the walk through hostile JSON. */
const deepest = 16;
const mostValues = 2_000;

/** Search stores mark what they found with control characters, so none of a caller's may stand in the text. */
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

export function createWords(room: number): Words {
  let text = '';
  let values = mostValues;

  function add(piece: string): void {
    if (piece === '' || text.length >= room) return;
    const separated = text === '' ? '' : `${text} `;
    text = separated + beginning(piece, room - separated.length).replace(controls, ' ');
  }

  function addJson(value: unknown, depth: number): void {
    if (text.length >= room || values-- <= 0) return;
    if (typeof value === 'string') add(value);
    else if (typeof value === 'number' || typeof value === 'boolean') add(String(value));
    else if (Array.isArray(value)) {
      if (depth < deepest) addElements(value, depth + 1);
    } else if (isObject(value) && depth < deepest) addMembers(value, depth + 1);
  }

  function addElements(array: readonly unknown[], depth: number): void {
    for (const element of array) {
      if (text.length >= room || values <= 0) return;
      addJson(element, depth);
    }
  }

  function addMembers(object: Readonly<Record<string, unknown>>, depth: number): void {
    // Not Object.entries: an object of a hundred thousand members is not copied to read its first few.
    for (const name in object) {
      if (text.length >= room || values <= 0) return;
      add(name);
      addJson(object[name], depth);
    }
  }

  const words: Words = {
    add(piece) {
      add(piece);
      return words;
    },
    addJson(value) {
      addJson(value, 0);
      return words;
    },
    toString: () => text,
  };
  return words;
}

/** The beginning of a text, at most `length` UTF-16 units and never half a character. */
export function beginning(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  const splits = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, Math.max(0, splits ? length - 1 : length));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
