import type { VersionContent } from '../../../src/domain/mcp/events.ts';
import type { Change } from '../../../src/domain/mcp/diff/changes.ts';

type Branch = Map<string, unknown>;

const gone = Symbol('removed');

/** A version as the pointers of its diff see it: named things under their names. Objects become maps. */
export function asDocument({ definition, offer }: VersionContent): unknown {
  const byName = (list: readonly { readonly name: string }[] = []) =>
    new Map(list.map((one) => [one.name, asMaps(one)] as const));
  const document = asMaps(definition) as Branch;
  if (offer) document.set('server', asMaps(offer.server));
  document.set('tools', byName(offer?.tools));
  document.set('prompts', byName(offer?.prompts));
  document.set('resources', byName(offer?.resources));
  document.set('resourceTemplates', byName(offer?.resourceTemplates));
  return document;
}

/** Applies all changes at once: indexes are those of before and after, not of what lies between. */
export function patched(document: unknown, changes: readonly Change[]): unknown {
  const result = structuredClone(document);
  for (const { pointer, op, after } of changes) {
    const tokens = pointer
      .split('/')
      .slice(1)
      .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = tokens.pop();
    if (last === undefined) throw new Error('a version is never replaced as a whole');
    let parent = result;
    for (const token of tokens) parent = member(parent, token);
    const exists = member(parent, last) !== undefined;
    if (exists === (op === 'add')) throw new Error(`cannot ${op} ${pointer}`);
    set(parent, last, op === 'remove' ? gone : asMaps(after));
  }
  return withoutGone(result);
}

function member(parent: unknown, token: string): unknown {
  if (parent instanceof Map) return (parent as Branch).get(token);
  if (Array.isArray(parent)) return parent[Number(token)];
  throw new Error(`nothing has a member ${token}`);
}

function set(parent: unknown, token: string, value: unknown): void {
  if (parent instanceof Map) (parent as Branch).set(token, value);
  else if (Array.isArray(parent)) parent[Number(token)] = value;
}

function withoutGone(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((element) => element !== gone).map(withoutGone);
  if (!(value instanceof Map)) return value;
  const members = [...(value as Branch)].filter(([, below]) => below !== gone);
  return new Map(members.map(([key, below]) => [key, withoutGone(below)]));
}

function asMaps(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asMaps);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, below]) => [key, asMaps(below)]));
}
