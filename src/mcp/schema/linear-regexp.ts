import { RE2JS } from 're2js';
import { SchemaUnusable } from '../../ports/schema-validator.ts';

const MAX_PATTERN = 1000;

/**
 * Compiles the patterns of schemas with RE2, which matches in time linear in the text whatever the pattern is. Written as
 * the engine that Ajv takes.
 * @throws SchemaUnusable the pattern is too long, broken, or needs what cannot be had in linear time (look-around,
 * back-references)
 */
export const linearRegExp = Object.assign(
  (pattern: string, _flags: string): { test(text: string): boolean } => {
    const shown = JSON.stringify(pattern.slice(0, 100));
    if (pattern.length > MAX_PATTERN) {
      throw new SchemaUnusable(`the pattern ${shown}… is longer than ${MAX_PATTERN} characters`);
    }
    try {
      const regexp = RE2JS.compile(RE2JS.translateRegExp(pattern));
      return { test: (text) => regexp.test(text) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new SchemaUnusable(`the pattern ${shown} cannot be used: ${reason}`, { cause: error });
    }
  },
  // Ajv writes this name into standalone code, which is never made here.
  { code: 'linearRegExp' },
);
