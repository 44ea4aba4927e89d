import type { KeywordDefinition } from 'ajv';
import { SchemaUnusable } from '../../ports/schema-validator.ts';

/** The keyword that is put wherever a schema can be applied again and again: behind references and to each item. */
export const STEP = 'annals:step';

/** Milliseconds that checking one value may take. */
const BUDGET_MS = 250;

let steps = 0;
let deadline = 0;

/** Starts the budget of one check. Checks run to their end without a pause, so one budget serves them all. */
export function startBudget(): void {
  steps = 0;
}

/**
 * Counts a step, and looks at the clock now and then.
 * @throws SchemaUnusable schemas can be written that take exponential time, by references that branch; this ends them
 */
function spend(): boolean {
  if ((++steps & 255) !== 0) return true;
  const now = performance.now();
  if (steps === 256) deadline = now + BUDGET_MS;
  else if (now > deadline) throw new SchemaUnusable(`checking a value against it takes longer than ${BUDGET_MS} ms`);
  return true;
}

export const stepKeyword: KeywordDefinition = {
  keyword: STEP,
  // Counted first: a reference that fails would keep it from being counted at all.
  before: '$ref',
  schemaType: 'boolean',
  validate: spend,
  errors: false,
};
