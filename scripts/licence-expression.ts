/**
 * Whether somebody who accepts only these licences may use what stands under an SPDX expression: one side of an OR is
 * enough, an AND asks for both. What is no expression of ids, AND, OR and parentheses (a WITH too, which changes what
 * the licence says) is not allowed. Precedence as in SPDX 3.0.1, annex "SPDX license expressions": AND before OR.
 */
export function isAllowed(expression: string, accepts: (licence: string) => boolean): boolean {
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? [];
  const either = readAlternatives(tokens, 0, accepts);
  return either !== undefined && either.next === tokens.length && either.allowed;
}

interface Part {
  readonly allowed: boolean;
  /** Index of the first token behind it. */
  readonly next: number;
}

type Accepts = (licence: string) => boolean;

function readAlternatives(tokens: readonly string[], from: number, accepts: Accepts): Part | undefined {
  const first = readConjunction(tokens, from, accepts);
  if (first === undefined || tokens[first.next] !== 'OR') return first;
  const rest = readAlternatives(tokens, first.next + 1, accepts);
  return rest && { allowed: first.allowed || rest.allowed, next: rest.next };
}

function readConjunction(tokens: readonly string[], from: number, accepts: Accepts): Part | undefined {
  const first = readOne(tokens, from, accepts);
  if (first === undefined || tokens[first.next] !== 'AND') return first;
  const rest = readConjunction(tokens, first.next + 1, accepts);
  return rest && { allowed: first.allowed && rest.allowed, next: rest.next };
}

function readOne(tokens: readonly string[], from: number, accepts: Accepts): Part | undefined {
  const token = tokens[from];
  if (token === '(') {
    const inner = readAlternatives(tokens, from + 1, accepts);
    return inner && tokens[inner.next] === ')' ? { allowed: inner.allowed, next: inner.next + 1 } : undefined;
  }
  if (token === undefined || [')', 'AND', 'OR', 'WITH'].includes(token)) return undefined;
  return { allowed: accepts(token), next: from + 1 };
}
