/**
 * Where in a version a value stands. It decides how the value is compared: `required` in a schema is a set, `required`
 * in an example is data.
 */
export type Place =
  'definition' | 'tool' | 'schema' | 'schemas' | 'sets' | 'dependencies' | 'schemaOrSet' | 'set' | 'data';

const inSchema: ReadonlyMap<string, Place> = new Map<string, Place>([
  ...['required', 'enum', 'type'].map((keyword) => [keyword, 'set'] as const),
  ...[
    'additionalItems',
    'additionalProperties',
    'allOf',
    'anyOf',
    'contains',
    'contentSchema',
    'else',
    'if',
    'items',
    'not',
    'oneOf',
    'prefixItems',
    'propertyNames',
    'then',
    'unevaluatedItems',
    'unevaluatedProperties',
  ].map((keyword) => [keyword, 'schema'] as const),
  ...['$defs', 'definitions', 'dependentSchemas', 'patternProperties', 'properties'].map(
    (keyword) => [keyword, 'schemas'] as const,
  ),
  ['dependentRequired', 'sets'],
  ['dependencies', 'dependencies'],
]);

/** Whether an array at this place is a set: its order and repetitions mean nothing. */
export function isSet(place: Place): boolean {
  return place === 'set' || place === 'schemaOrSet';
}

/** The place of an element of an array that stands at `parent`. */
export function elementPlace(parent: Place): Place {
  return parent === 'schema' ? 'schema' : 'data';
}

/** The place of the member `key` of an object that stands at `parent`. */
export function memberPlace(parent: Place, key: string): Place {
  switch (parent) {
    case 'definition':
      return key === 'tags' ? 'set' : 'data';
    case 'tool':
      return key === 'inputSchema' || key === 'outputSchema' ? 'schema' : 'data';
    case 'schema':
    case 'schemaOrSet':
      return inSchema.get(key) ?? 'data';
    case 'schemas':
      return 'schema';
    case 'sets':
      return 'set';
    case 'dependencies':
      // Until 2019-09 one keyword held lists of names and schemas alike.
      return 'schemaOrSet';
    case 'set':
    case 'data':
      return 'data';
  }
}
