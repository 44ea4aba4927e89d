import type { InputFault } from '../domain/error.ts';
import type { JsonSchema } from '../domain/mcp/definition.ts';

/** Checks values against the JSON Schemas of tools. */
export interface SchemaValidator {
  /** What is wrong with the value; empty when nothing is. @throws SchemaUnusable the schema itself cannot be used */
  validate(schema: JsonSchema, value: unknown): readonly InputFault[];
}

/** A schema that cannot be compiled safely: remote references, unsupported patterns, too large. */
export class SchemaUnusable extends Error {
  override readonly name = 'SchemaUnusable';
}
