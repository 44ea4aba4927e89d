import { Ajv, type Options, type ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { SchemaUnusable } from '../../ports/schema-validator.ts';
import { formats } from './formats.ts';
import { linearRegExp } from './linear-regexp.ts';
import type { PreparedSchema } from './prepare-schema.ts';
import { stepKeyword } from './step-budget.ts';
import { uniqueItemsKeyword } from './unique-items.ts';

type Schema = Readonly<Record<string, unknown>>;
type Dialect = '2020-12' | '2019-09' | 'draft-07';
export type Check = ValidateFunction;
type Compiler = Pick<Ajv, 'compile' | 'validate' | 'errors' | 'errorsText'>;

const DIALECTS: Readonly<Record<string, Dialect>> = {
  'json-schema.org/draft/2020-12/schema': '2020-12',
  'json-schema.org/draft/2019-09/schema': '2019-09',
  'json-schema.org/draft-07/schema': 'draft-07',
  'json-schema.org/draft-06/schema': 'draft-07',
};

const META_SCHEMAS: Readonly<Record<Dialect, string>> = {
  '2020-12': 'https://json-schema.org/draft/2020-12/schema',
  '2019-09': 'https://json-schema.org/draft/2019-09/schema',
  'draft-07': 'http://json-schema.org/draft-07/schema',
};

/** Parts of a schema from which on making its code shorter costs more than it gains. */
export const LARGE = 300;

interface CompileOptions {
  readonly allErrors: boolean;
  readonly optimize: boolean;
}

const grammars = new Map<Dialect, Compiler>();

/**
 * Compiles a schema, by its `$schema` or as 2020-12, which MCP takes for granted. Tells all that is wrong with a value, or
 * the first thing only. Nothing is fetched: a reference that leads out of the schema makes it unusable.
 * @throws SchemaUnusable
 */
export function compileSchema({ schema, nodes }: PreparedSchema, wanted: 'first' | 'all'): Check {
  const declared = schema['$schema'];
  const options = { allErrors: wanted === 'all', optimize: nodes <= LARGE };
  if (declared !== undefined) return compileAs(dialectOf(declared), schema, options);
  try {
    return compileAs('2020-12', schema, options);
  } catch (error) {
    if (!(error instanceof SchemaUnusable)) throw error;
    // Much is written as draft 7 without saying so. When it is not that either, the first reason counts.
    try {
      return compileAs('draft-07', schema, options);
    } catch {
      throw error;
    }
  }
}

function dialectOf(declared: unknown): Dialect {
  const name = typeof declared === 'string' ? declared.replace(/^https?:\/\//, '').replace(/#$/, '') : '';
  const dialect = Object.hasOwn(DIALECTS, name) ? DIALECTS[name] : undefined;
  if (dialect !== undefined) return dialect;
  const known = 'draft-06, draft-07, 2019-09 and 2020-12';
  throw new SchemaUnusable(`its $schema ${JSON.stringify(declared).slice(0, 200)} is not one of ${known}`);
}

function compileAs(dialect: Dialect, schema: Schema, options: CompileOptions): Check {
  const grammar = grammarOf(dialect);
  try {
    if (!grammar.validate(META_SCHEMAS[dialect], schema)) {
      throw new SchemaUnusable(
        `it is no JSON Schema: ${grammar.errorsText(grammar.errors?.slice(0, 3), { dataVar: '' })}`,
      );
    }
    // Of its own compiler, a compiled schema is all that is left to keep: a shared one would remember each for ever.
    return createCompiler(dialect, { ...options, meta: false, validateSchema: false }).compile(schema);
  } catch (error) {
    if (error instanceof SchemaUnusable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new SchemaUnusable(reason.slice(0, 500), { cause: error });
  }
}

/** Checks schemas themselves. */
function grammarOf(dialect: Dialect): Compiler {
  const grammar = grammars.get(dialect) ?? createCompiler(dialect, {});
  grammars.set(dialect, grammar);
  return grammar;
}

function createCompiler(
  dialect: Dialect,
  { optimize = true, ...options }: Options & Partial<CompileOptions>,
): Compiler {
  const Dialect = dialect === '2020-12' ? Ajv2020 : dialect === '2019-09' ? Ajv2019 : Ajv;
  const ajv = new Dialect({
    ...options,
    strict: false,
    logger: false,
    // Referenced parts stay functions: copied into each place they would make the code grow without bound.
    inlineRefs: false,
    formats: { ...formats },
    code: { regExp: linearRegExp, optimize },
  });
  ajv.removeKeyword('uniqueItems').addKeyword(uniqueItemsKeyword).addKeyword(stepKeyword);
  return ajv;
}
