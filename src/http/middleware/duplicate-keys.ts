import { pointerOf } from '../problem/pointer.ts';

/** An object or array that the text is inside of. */
interface Frame {
  /** Names of an object so far; undefined for an array. */
  readonly names: Set<string> | undefined;
  /** Where we are in it: the last name, or the index. */
  at: string | number;
  /** In an object: whether a name comes next, and not a value. */
  expectsName: boolean;
}

/**
 * The pointer (RFC 6901) to the first name that an object of a JSON text has twice; undefined when none has. Parsers differ in
 * which of the two counts (RFC 8259, section 4), so what a proxy or a log has read of it may not be what is decided on.
 * @param text valid JSON, nested as deep as it likes
 */
export function duplicateKey(text: string): string | undefined {
  const frames: Frame[] = [];
  for (let index = 0; index < text.length; index++) {
    const frame = frames.at(-1);
    switch (text[index]) {
      case '{':
        frames.push({ names: new Set(), at: '', expectsName: true });
        break;
      case '[':
        frames.push({ names: undefined, at: 0, expectsName: false });
        break;
      case '}':
      case ']':
        frames.pop();
        break;
      case ',':
        if (frame?.names) frame.expectsName = true;
        else if (frame && typeof frame.at === 'number') frame.at++;
        break;
      case '"': {
        const end = endOfString(text, index);
        if (frame?.expectsName === true) {
          frame.expectsName = false;
          frame.at = String(JSON.parse(text.slice(index, end + 1)));
          if (frame.names?.has(frame.at) === true) return pointerOf(frames.map(({ at }) => at));
          frame.names?.add(frame.at);
        }
        index = end;
        break;
      }
      default:
    }
  }
  return undefined;
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(text: string, start: number): number {
  let end = start;
  let escaped: boolean;
  do {
    end = text.indexOf('"', end + 1);
    let slashes = end;
    while (text[slashes - 1] === '\\') slashes--;
    escaped = (end - slashes) % 2 === 1;
  } while (escaped);
  return end;
}
