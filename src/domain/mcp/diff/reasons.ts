import { quoted, quotedList } from './quote.ts';
import type { Finding } from './schema/finding.ts';
import { kindNames } from './schema/kinds.ts';

/** One sentence on a finding in an input schema, for the callers of the tool. */
export function inputReason(found: Finding): string {
  const subject = found.at === '' ? 'The set of arguments' : `Argument ${quoted(found.at)}`;
  const { keyword, narrow, wide } = found;
  switch (found.rule) {
    case 'refused':
      return `${subject} is no longer accepted.`;
    case 'type':
      return `${subject} no longer accepts ${kindsIn(narrow)}.`;
    case 'values':
      return Array.isArray(narrow)
        ? `${subject} no longer accepts ${quotedList(narrow)}.`
        : `${subject} is now limited to ${quotedList(listIn(wide))}.`;
    case 'required':
      return narrow === 'optional' ? `${subject} was optional and is now required.` : `${subject} is new and required.`;
    case 'lost':
    case 'removed':
      return `${subject} was removed, and undeclared arguments are refused.`;
    case 'closed':
      return `${subject} was open to undeclared arguments, which are now refused.`;
    case 'names':
      return `${subject} now restricts how its members may be named.`;
    case 'bound':
    case 'pattern':
    case 'format':
    case 'multiple':
      return `${subject} has a stricter ${keyword}: ${valueIn(narrow)} became ${valueIn(wide)}.`;
    case 'unique':
      return `${subject} no longer accepts repeated elements.`;
    case 'alternatives':
      return `${subject} no longer accepts every alternative it did (${kindsIn(narrow)}).`;
    case 'dependency':
      return `${subject} has a new condition that applies when ${quoted(wide)} is given.`;
    case 'incomparable':
      return `${subject}: ${incomparable(keyword)} that every call accepted before is still accepted.`;
  }
}

/** One sentence on a finding in an output schema, for those who read the results. */
export function outputReason(found: Finding): string {
  const subject = found.at === '' ? 'The result' : `Field ${quoted(found.at)}`;
  // Here the newer schema is the narrower one of the proof.
  const { keyword, narrow: after, wide: before } = found;
  switch (found.rule) {
    case 'refused':
    case 'removed':
    case 'closed':
    case 'names':
      return `${subject} may now hold what was ruled out before.`;
    case 'type':
      return `${subject} may now be ${kindsIn(after)}.`;
    case 'values':
      return Array.isArray(after)
        ? `${subject} may now be ${quotedList(after)}.`
        : `${subject} is no longer limited to ${quotedList(listIn(before))}.`;
    case 'required':
      return `${subject} may now be missing.`;
    case 'lost':
      return `${subject} was removed.`;
    case 'bound':
    case 'pattern':
    case 'format':
    case 'multiple':
      return `${subject} no longer keeps its ${keyword}: ${valueIn(before)} became ${valueIn(after)}.`;
    case 'unique':
      return `${subject} may now repeat elements.`;
    case 'alternatives':
      return `${subject} has an alternative it did not have (${kindsIn(after)}).`;
    case 'dependency':
      return `${subject} no longer keeps the condition that applied when ${quoted(before)} is present.`;
    case 'incomparable':
      return `${subject}: ${incomparable(keyword)} that every result is still as described before.`;
  }
}

function incomparable(keyword: string): string {
  return `${keyword === '' ? 'it' : `with ${quoted(keyword)} changed it`} cannot be shown`;
}

function kindsIn(kinds: unknown): string {
  const all = typeof kinds === 'number' ? kindNames(kinds) : [];
  return all.length === 0 ? 'some values' : all.join(' or ');
}

function listIn(values: unknown): readonly unknown[] {
  return Array.isArray(values) ? values : [];
}

function valueIn(value: unknown): string {
  return value === undefined ? 'none' : quoted(value);
}
