/** A pattern in which `*` stands for any run of characters, and everything else for itself. */
export interface Glob {
  readonly text: string;
  /** What the pattern begins with, up to its first `*`. */
  readonly prefix: string;
  /** It has no `*`: it fits its own text alone. */
  readonly exact: boolean;
  readonly matches: (text: string) => boolean;
}

/**
 * Looks for the pieces between the stars from left to right, each at the first place where it fits, and never goes back:
 * what would fit later fits there as well.
 */
export function compileGlob(text: string): Glob {
  const [prefix = '', ...rest] = text.split('*');
  const suffix = rest.at(-1);
  if (suffix === undefined) return { text, prefix, exact: true, matches: (other) => other === text };
  const middle = rest.slice(0, -1).filter((piece) => piece !== '');
  const least = prefix.length + suffix.length;
  const matches = (other: string): boolean => {
    if (other.length < least || !other.startsWith(prefix) || !other.endsWith(suffix)) return false;
    let from = prefix.length;
    const end = other.length - suffix.length;
    for (const piece of middle) {
      const at = other.indexOf(piece, from);
      if (at < 0 || at + piece.length > end) return false;
      from = at + piece.length;
    }
    return true;
  };
  return { text, prefix, exact: false, matches };
}
