import type { ToolDefinition } from '../definition.ts';
import { childPointer, isObject, own } from './json.ts';

/** A hint that promised more safety before than it does now. */
export interface WeakenedHint {
  readonly pointer: string;
  readonly reason: string;
}

/**
 * Hints (MCP `ToolAnnotations`) that no longer promise what they did. A promise that is left out is not given: a tool
 * that says nothing may be destructive and may write.
 */
export function weakenedHints(before: ToolDefinition, after: ToolDefinition, pointer: string): WeakenedHint[] {
  const weakened: WeakenedHint[] = [];
  const hints = childPointer(pointer, 'annotations');
  if (hint(before, 'readOnlyHint') === true && hint(after, 'readOnlyHint') !== true) {
    weakened.push({
      pointer: childPointer(hints, 'readOnlyHint'),
      reason: 'The tool no longer says that it only reads.',
    });
  }
  if (hint(before, 'destructiveHint') === false && hint(after, 'destructiveHint') !== false) {
    const reason = 'The tool no longer says that it destroys nothing.';
    weakened.push({ pointer: childPointer(hints, 'destructiveHint'), reason });
  }
  return weakened;
}

function hint({ annotations }: ToolDefinition, name: string): unknown {
  return isObject(annotations) ? own(annotations, name) : undefined;
}
