import { Ajv, type Options } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { instances, isRecord, rewrite, type Json, type SchemaObject } from './schema-generators.ts';

// `allErrors`, because without it Ajv accepts [] against {"prefixItems": [false], "contains": {}}.
const options: Options = { strict: false, logger: false, allErrors: true };

export const dialects = {
  '2020-12': { ajv: new Ajv2020(options), uri: 'https://json-schema.org/draft/2020-12/schema' },
  '2019-09': { ajv: new Ajv2019(options), uri: 'https://json-schema.org/draft/2019-09/schema' },
  'draft-07': { ajv: new Ajv(options), uri: 'http://json-schema.org/draft-07/schema#' },
} as const;

for (const { ajv } of Object.values(dialects)) addFormats.default(ajv);

export type Dialect = keyof typeof dialects;

/** The instances of the small world that a schema accepts; undefined when Ajv cannot use the schema. */
export function acceptedBy(dialect: Dialect, schema: Json): Set<Json> | undefined {
  const { ajv } = dialects[dialect];
  if (!isRecord(schema)) return new Set(schema === true ? instances : []);
  try {
    const validate = ajv.compile(schema);
    return new Set(instances.filter((instance) => validate(instance)));
  } catch {
    // Contradictory keywords, or a reference that only leads back to itself: no validator can use that.
    return undefined;
  } finally {
    ajv.removeSchema(schema);
  }
}

/** The same schema in the words of a dialect. */
export function inDialect(dialect: Dialect, document: Json): Json {
  const translated = dialect === '2020-12' ? document : rewrite(document, (schema) => older(dialect, schema));
  return isRecord(translated) ? { $schema: dialects[dialect].uri, ...translated } : translated;
}

function older(dialect: Dialect, schema: SchemaObject): SchemaObject {
  const { prefixItems, items, dependentRequired, dependentSchemas, ...others } = schema;
  const { unevaluatedItems: _items, unevaluatedProperties: _properties, ...known } = others;
  const inNew = dialect === 'draft-07' ? known : { ...others, ...given({ dependentRequired, dependentSchemas }) };
  const both = { ...asRecord(dependentRequired), ...asRecord(dependentSchemas) };
  return {
    ...inNew,
    ...(dialect === 'draft-07' && Object.keys(both).length > 0 ? { dependencies: both } : {}),
    ...(prefixItems === undefined ? given({ items }) : given({ items: prefixItems, additionalItems: items })),
  };
}

function given(members: Record<string, Json | undefined>): SchemaObject {
  return Object.fromEntries(
    Object.entries(members).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

function asRecord(json: Json | undefined): SchemaObject {
  return isRecord(json) ? json : {};
}
