import { hash } from 'node:crypto';
import type { InputFault } from '../../domain/error.ts';
import type { JsonSchema } from '../../domain/mcp/definition.ts';
import { SchemaUnusable, type SchemaValidator } from '../../ports/schema-validator.ts';
import { compileSchema, LARGE, type Check } from './compile-schema.ts';
import { faultsOf } from './faults.ts';
import { prepareSchema, type PreparedSchema } from './prepare-schema.ts';
import { startBudget } from './step-budget.ts';

/** A schema after its first use: how to check by it, or why it cannot be used. */
type Entry = { readonly unusable: string } | Usable;

/** Code that stops at the first fault, or tells all of them. */
type Wanted = 'first' | 'all';

/** How a schema becomes a check. @throws SchemaUnusable */
export type CompileSchema = (prepared: PreparedSchema, wanted: Wanted) => Check;

interface Usable {
  readonly unusable?: never;
  readonly nodes: number;
  readonly compile: (wanted: Wanted) => Check;
  first: Check | undefined;
  all: Check | undefined;
}

/** Compiled schemas kept, by content; those in use are also found by the identity of their object. */
const MAX_ENTRIES = 500;
/** Parts up to which all faults of a value are looked for; of larger ones the first is told, for each costs memory. */
const MAX_TOLD_IN_FULL = 2000;

const NO_FAULTS: readonly InputFault[] = [];

/**
 * Validates by JSON Schema: draft 6 and 7, 2019-09 and 2020-12. Each schema is compiled once, whichever object holds it, as
 * long as it is among the `MAX_ENTRIES` used last.
 */
export function createSchemaValidator(compile: CompileSchema = compileSchema): SchemaValidator {
  const byIdentity = new WeakMap<JsonSchema, Entry>();
  const byContent = new Map<string, Entry>();

  function entryOf(schema: JsonSchema): Entry {
    const json = JSON.stringify(schema);
    const key = hash('sha256', json, 'base64');
    const entry = byContent.get(key) ?? makeEntry(schema, json, compile);
    byContent.delete(key);
    byContent.set(key, entry);
    const [oldest] = byContent.keys();
    if (byContent.size > MAX_ENTRIES && oldest !== undefined) byContent.delete(oldest);
    byIdentity.set(schema, entry);
    return entry;
  }

  return {
    validate(schema, value) {
      const entry = byIdentity.get(schema) ?? entryOf(schema);
      if (entry.unusable !== undefined) throw new SchemaUnusable(entry.unusable);
      return entry.nodes > LARGE && hasAtMost(MAX_TOLD_IN_FULL, value) ? allFaults(entry, value) : faults(entry, value);
    },
  };
}

/** Code that stops at the first fault is faster, and all that most values need. */
function faults(entry: Usable, value: unknown): readonly InputFault[] {
  const first = (entry.first ??= entry.compile('first'));
  if (check(first, value)) return NO_FAULTS;
  return hasAtMost(MAX_TOLD_IN_FULL, value) ? allFaults(entry, value) : takeFaults(first);
}

function allFaults(entry: Usable, value: unknown): readonly InputFault[] {
  const all = (entry.all ??= entry.compile('all'));
  return check(all, value) ? NO_FAULTS : takeFaults(all);
}

/** The faults of the last check, which is forgotten. */
function takeFaults(compiled: Check): readonly InputFault[] {
  const found = faultsOf(compiled.errors ?? []);
  compiled.errors = null;
  return found;
}

function makeEntry(schema: JsonSchema, json: string, compile: CompileSchema): Entry {
  try {
    const prepared = prepareSchema(schema, json);
    const { nodes } = prepared;
    const compileIt = (wanted: Wanted) => compile(prepared, wanted);
    // Code that tells all faults is laid out flat; that of a large schema would be nested too deep otherwise.
    const wanted = nodes > LARGE ? 'all' : 'first';
    return { nodes, compile: compileIt, first: undefined, all: undefined, [wanted]: compileIt(wanted) };
  } catch (error) {
    if (!(error instanceof SchemaUnusable)) throw error;
    return { unusable: error.message };
  }
}

function check(compiled: Check, value: unknown): boolean {
  startBudget();
  try {
    return compiled(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SchemaUnusable('it refers to itself without end, or the value is nested too deep', { cause: error });
  }
}

/** Whether a value has at most so many members, at all levels. */
function hasAtMost(limit: number, value: unknown): boolean {
  let left = limit;
  const count = (part: unknown): boolean => {
    if (--left < 0) return false;
    return typeof part !== 'object' || part === null || Object.values(part).every(count);
  };
  return count(value);
}
