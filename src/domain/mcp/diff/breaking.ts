import type { ToolDefinition } from '../definition.ts';
import { inputCode, outputCode, type BreakingCode } from './codes.ts';
import { byCodeUnits, childPointer } from './json.ts';
import { inputReason, outputReason } from './reasons.ts';
import { weakenedHints } from './safety.ts';
import { containmentFindings } from './schema/compare.ts';
import type { Budget } from './schema/proof.ts';

export interface BreakingChange {
  readonly tool: string;
  readonly code: BreakingCode;
  /** A sentence for people. */
  readonly reason: string;
  /** JSON pointer to where it shows, in the newer version or, for what is gone, in the older one. */
  readonly pointer: string;
}

/**
 * What one changed tool breaks, for those who call it and those who read its results. Sorted by pointer. Only the parts
 * (`inputSchema`, `outputSchema`) that `isTouched` are looked into.
 */
export function breakingChanges(
  before: ToolDefinition,
  after: ToolDefinition,
  pointer: string,
  isTouched: (part: string) => boolean,
  budget: Budget,
): BreakingChange[] {
  const tool = before.name;
  const hints = weakenedHints(before, after, pointer);
  return [
    ...hints.map((hint): BreakingChange => ({ tool, code: 'safety_hint_weakened', ...hint })),
    ...(isTouched('inputSchema') ? inputBreaks(before, after, pointer, budget) : []),
    ...(isTouched('outputSchema') ? outputBreaks(before, after, pointer, budget) : []),
  ].sort((a, b) => byCodeUnits(a.pointer, b.pointer) || byCodeUnits(a.code, b.code) || byCodeUnits(a.reason, b.reason));
}

/** Breaking unless every call that was valid before, and named only declared arguments, is valid after. */
function inputBreaks(before: ToolDefinition, after: ToolDefinition, pointer: string, budget: Budget): BreakingChange[] {
  const at = childPointer(pointer, 'inputSchema');
  const old = { schema: before.inputSchema, pointer: at };
  const current = { schema: after.inputSchema, pointer: at };
  return containmentFindings(old, current, 'new arguments', budget).map((found) => {
    return { tool: before.name, code: inputCode(found), reason: inputReason(found), pointer: found.pointer };
  });
}

/** Breaking unless every result valid after was valid before, fields that are new aside, and no field is gone. */
function outputBreaks(
  before: ToolDefinition,
  after: ToolDefinition,
  pointer: string,
  budget: Budget,
): BreakingChange[] {
  const tool = before.name;
  const at = childPointer(pointer, 'outputSchema');
  if (before.outputSchema === undefined) return [];
  if (after.outputSchema === undefined) {
    const reason = 'The tool no longer describes its structured result.';
    return [{ tool, code: 'output_schema_removed', reason, pointer: at }];
  }
  const old = { schema: before.outputSchema, pointer: at };
  const current = { schema: after.outputSchema, pointer: at };
  const findings = containmentFindings(current, old, 'new fields', budget);
  const gone = new Set(findings.filter(({ rule }) => rule === 'lost').map((found) => found.at));
  return findings
    .filter(({ rule, at }) => rule !== 'required' || !gone.has(at))
    .map((found) => ({ tool, code: outputCode(found), reason: outputReason(found), pointer: found.pointer }));
}
