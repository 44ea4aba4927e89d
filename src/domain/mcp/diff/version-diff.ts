import type { NamedDefinition, Offer, ToolDefinition } from '../definition.ts';
import type { VersionContent } from '../events.ts';
import { breakingChanges, type BreakingChange } from './breaking.ts';
import { changesBetween, type Change } from './changes.ts';
import { byCodeUnits, childPointer } from './json.ts';
import { byName, type OfferChanges } from './offer.ts';
import type { Place } from './place.ts';
import type { Budget } from './schema/proof.ts';

export interface VersionDiff {
  /**
   * Every difference, sorted by pointer. Pointers lead into the version as the API shows it, except that tools,
   * prompts, resources and resource templates are found by name: `/tools/<name>/description`. Where a server gives one
   * name twice, the second is `<name>#2`.
   */
  readonly changes: readonly Change[];
  readonly tools: OfferChanges;
  /** What may break callers, sorted by tool and pointer. */
  readonly breaking: readonly BreakingChange[];
}

/** Schemas visited in one diff, and for one tool: what is not compared by then counts as breaking. */
const mostWork = 200_000;
const mostWorkForOneTool = 100_000;

/**
 * What differs from one version to another, and what of it may break those who use the tools. Pure and deterministic;
 * takes time proportional to the size of the versions, and at most a bounded time more for hostile schemas, which comes out
 * of `budget`. Null as an offer means that the server was not reached: nothing is offered.
 */
export function diffVersions(
  before: VersionContent,
  after: VersionContent,
  budget: Budget = { left: mostWork },
): VersionDiff {
  const [old, current] = [before.offer, after.offer];
  const tools = diffTools(old, current, budget);
  const changes = [
    changesBetween(before.definition, after.definition, 'definition', ''),
    changesBetween(old?.server, current?.server, 'data', '/server'),
    diffNamed(old?.prompts, current?.prompts, '/prompts'),
    diffNamed(old?.resources, current?.resources, '/resources'),
    diffNamed(old?.resourceTemplates, current?.resourceTemplates, '/resourceTemplates'),
    tools.changes,
  ].flat();
  return { ...tools, changes: changes.sort((a, b) => byCodeUnits(a.pointer, b.pointer)) };
}

/** The differences of each tool that is not the same in both lists, by its name: added and removed ones too. */
export function toolChanges(
  before: readonly ToolDefinition[],
  after: readonly ToolDefinition[],
): ReadonlyMap<string, readonly Change[]> {
  const pairs = pairsByName<ToolDefinition>(before, after, 'tool');
  const changes = pairs.map((tool) => [tool.name, changesOf(tool, '/tools', 'tool')] as const);
  return new Map(changes.filter(([, different]) => different.length > 0));
}

function diffTools(before: Offer | null, after: Offer | null, budget: Budget): VersionDiff {
  const changes: Change[][] = [];
  const breaking: BreakingChange[][] = [];
  const [added, removed, changed]: [string[], string[], string[]] = [[], [], []];
  for (const tool of pairsByName<ToolDefinition>(before?.tools, after?.tools, 'tool')) {
    const { name, old, current } = tool;
    const different = changesOf(tool, '/tools', 'tool');
    if (different.length === 0) continue;
    changes.push(different);
    (old.length === 0 ? added : current.length === 0 ? removed : changed).push(name);
    if (current.length === 0) breaking.push([removal(name, after)]);
    else breaking.push(breaksOf(tool, different, budget));
  }
  return { changes: changes.flat(), tools: { added, removed, changed }, breaking: breaking.flat() };
}

function removal(name: string, after: Offer | null): BreakingChange {
  const reason = after ? 'The tool was removed.' : 'Nothing is known to be offered: the server was not reached yet.';
  return { tool: name, code: 'tool_removed', reason, pointer: childPointer('/tools', name) };
}

/** Which of several definitions under one name a call meets is open, so each of them has to serve the callers. */
function breaksOf(
  { name, old, current }: NamedPair<ToolDefinition>,
  changes: readonly Change[],
  budget: Budget,
): BreakingChange[] {
  return current.flatMap((definition, index) => {
    const pointer = pointerTo('/tools', name, index);
    const known = old[Math.min(index, old.length - 1)];
    if (!known) return [];
    // The last of the older ones also stands against definitions that are new under its name.
    const isTouched = (part: string) =>
      index >= old.length || changes.some((change) => change.pointer.startsWith(childPointer(pointer, part)));
    const given = Math.min(mostWorkForOneTool, budget.left);
    const share: Budget = { left: given };
    const breaks = breakingChanges(known, definition, pointer, isTouched, share);
    budget.left -= given - share.left;
    return breaks;
  });
}

function diffNamed(
  before: readonly NamedDefinition[] | undefined,
  after: readonly NamedDefinition[] | undefined,
  pointer: string,
): Change[] {
  return pairsByName(before, after, 'data').flatMap((pair) => changesOf(pair, pointer, 'data'));
}

/** The definitions that a name stands for, before and after. */
interface NamedPair<Definition> {
  readonly name: string;
  readonly old: readonly Definition[];
  readonly current: readonly Definition[];
}

function pairsByName<Definition extends NamedDefinition>(
  before: readonly Definition[] | undefined,
  after: readonly Definition[] | undefined,
  place: Place,
): NamedPair<Definition>[] {
  const [old, current] = [byName(before ?? [], place), byName(after ?? [], place)];
  return [...new Set([...old.keys(), ...current.keys()])]
    .sort(byCodeUnits)
    .map((name) => ({ name, old: old.get(name) ?? [], current: current.get(name) ?? [] }));
}

function changesOf<Definition>({ name, old, current }: NamedPair<Definition>, list: string, place: Place): Change[] {
  const most = Math.max(old.length, current.length);
  return Array.from({ length: most }, (_, index) => {
    return changesBetween(old[index], current[index], place, pointerTo(list, name, index));
  }).flat();
}

function pointerTo(list: string, name: string, index: number): string {
  return childPointer(list, index === 0 ? name : `${name}#${index + 1}`);
}
