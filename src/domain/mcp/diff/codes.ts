import type { Finding, FindingRule } from './schema/finding.ts';

/** Why a change can break a caller. Stable: programs match on these. */
export type BreakingCode = 'tool_removed' | 'safety_hint_weakened' | 'output_schema_removed' | InputCode | OutputCode;

/** What a caller could send and now cannot. */
export type InputCode = (typeof inputCodes)[FindingRule] | 'input_became_required';

/** What a reader of results could rely on and now cannot. */
export type OutputCode = (typeof outputCodes)[FindingRule];

const inputCodes = {
  refused: 'input_refused',
  type: 'input_type_narrowed',
  values: 'input_enum_narrowed',
  required: 'input_required_added',
  lost: 'input_property_removed',
  removed: 'input_property_removed',
  closed: 'input_unknown_refused',
  names: 'input_names_restricted',
  bound: 'input_bound_tightened',
  pattern: 'input_pattern_changed',
  format: 'input_format_changed',
  multiple: 'input_multiple_of_changed',
  unique: 'input_unique_items_added',
  alternatives: 'input_alternative_removed',
  dependency: 'input_dependency_added',
  incomparable: 'input_not_comparable',
} as const satisfies Record<FindingRule, string>;

const outputCodes = {
  refused: 'output_opened',
  type: 'output_type_widened',
  values: 'output_enum_widened',
  required: 'output_field_no_longer_required',
  lost: 'output_field_removed',
  removed: 'output_opened',
  closed: 'output_opened',
  names: 'output_opened',
  bound: 'output_bound_loosened',
  pattern: 'output_pattern_changed',
  format: 'output_format_changed',
  multiple: 'output_multiple_of_changed',
  unique: 'output_unique_items_dropped',
  alternatives: 'output_alternative_added',
  dependency: 'output_dependency_dropped',
  incomparable: 'output_not_comparable',
} as const satisfies Record<FindingRule, string>;

export function inputCode({ rule, narrow }: Finding): InputCode {
  return rule === 'required' && narrow === 'optional' ? 'input_became_required' : inputCodes[rule];
}

export function outputCode({ rule }: Finding): OutputCode {
  return outputCodes[rule];
}
