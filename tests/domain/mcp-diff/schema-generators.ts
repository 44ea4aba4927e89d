import fc from 'fast-check';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type SchemaObject = { [keyword: string]: Json };
export type Schema = boolean | SchemaObject;

/** A small world: few names, few values, so that schemas meet the instances below. */
const names = ['a', 'b', 'c'];
const scalars: Json[] = [null, true, false, -1, 0, 1, 2, 2.5, 3, 5, '', 'a', 'b', 'ab', 'abc', '2020-01-01'];
const few: Json[] = [null, true, 1, 2.5, 'a', 'ab'];

/** Every value of the small world, so that a schema change that refuses one of them is seen. */
export const instances: readonly Json[] = [...scalars, ...arrays(), ...objects()];

function arrays(): Json[] {
  const nested: Json[] = [...few, [], [1], ['a', 'a'], {}, { a: 1 }, { a: 'a', b: 1 }];
  return [[], ...nested.map((one) => [one]), ...few.flatMap((one) => few.map((two) => [one, two])), [1, 'a', 1]];
}

function objects(): Json[] {
  const members: (Json | undefined)[] = [
    undefined,
    ...few,
    [],
    [1],
    {},
    { a: 1 },
    { a: 'a', b: true },
    { b: { a: 1 } },
  ];
  return members.flatMap((a) =>
    members.flatMap((b) =>
      [undefined, 1, 'a', { a: 1 }].map((c) => {
        return Object.fromEntries(Object.entries({ a, b, c }).filter(([, value]) => value !== undefined)) as Json;
      }),
    ),
  );
}

const name = fc.constantFrom(...names);
const type = fc.constantFrom('null', 'boolean', 'integer', 'number', 'string', 'array', 'object');
const someNames = fc.uniqueArray(name, { minLength: 1 });
const value = fc.constantFrom<Json>(...scalars, { a: 1 }, { a: 'a', b: 1 }, [1]);

type Keyword = [string, Json];

function keyword(key: string, of: fc.Arbitrary<unknown>): fc.Arbitrary<Keyword> {
  return of.map((said) => [key, said as Json]);
}

/** Keywords that hold no schemas. */
export const plainKeyword: fc.Arbitrary<Keyword> = fc.oneof(
  { weight: 5, arbitrary: keyword('type', fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 3 }))) },
  { weight: 2, arbitrary: keyword('enum', fc.uniqueArray(value, { minLength: 1, maxLength: 4 })) },
  keyword('const', value),
  keyword('minimum', fc.constantFrom(0, 1, 2)),
  keyword('exclusiveMinimum', fc.constantFrom(0, 1, 0.5)),
  keyword('maximum', fc.constantFrom(2, 2.5, 5)),
  keyword('exclusiveMaximum', fc.constantFrom(3, 2.5, 5)),
  keyword('multipleOf', fc.constantFrom(1, 2, 0.5)),
  keyword('minLength', fc.constantFrom(0, 1, 2)),
  keyword('maxLength', fc.constantFrom(1, 2, 3)),
  keyword('pattern', fc.constantFrom('^a', 'b$')),
  keyword('format', fc.constantFrom('date', 'email')),
  keyword('minItems', fc.constantFrom(0, 1, 2)),
  keyword('maxItems', fc.constantFrom(1, 2)),
  keyword('uniqueItems', fc.boolean()),
  keyword('minProperties', fc.constantFrom(1, 2)),
  keyword('maxProperties', fc.constantFrom(1, 2)),
  { weight: 3, arbitrary: keyword('required', someNames) },
  keyword('dependentRequired', fc.dictionary(name, someNames, { minKeys: 1, maxKeys: 2 })),
  keyword('$ref', fc.constantFrom('#/$defs/d', '#/$defs/e', '#')),
  keyword('description', fc.constantFrom('x', 'y')),
);

/** Those of them whose absence refuses nothing that their presence accepts. */
export const plainKeywords = [
  ['const', 'dependentRequired', 'enum', 'exclusiveMaximum', 'exclusiveMinimum', 'format', 'maxItems', 'maxLength'],
  ['maxProperties', 'maximum', 'minItems', 'minLength', 'minProperties', 'minimum', 'multipleOf', 'pattern'],
  ['required', 'type', 'uniqueItems'],
].flat();

const { schema, anyKeyword } = fc.letrec<{ schema: Schema; anyKeyword: Keyword }>((tie) => {
  const list = fc.array(tie('schema'), { minLength: 1, maxLength: 3 });
  const byName = fc.dictionary(name, tie('schema'), { minKeys: 1, maxKeys: 3 });
  return {
    schema: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 1, arbitrary: fc.boolean() },
      { weight: 2, arbitrary: schemaOf(plainKeyword) },
      { weight: 4, arbitrary: schemaOf(tie('anyKeyword')) },
    ),
    anyKeyword: fc.oneof(
      { weight: 8, arbitrary: plainKeyword },
      { weight: 4, arbitrary: keyword('properties', byName) },
      keyword(
        'patternProperties',
        fc.dictionary(fc.constantFrom('^a', 'b'), tie('schema'), { minKeys: 1, maxKeys: 1 }),
      ),
      { weight: 3, arbitrary: keyword('additionalProperties', fc.oneof(fc.constant(false), tie('schema'))) },
      keyword('unevaluatedProperties', fc.oneof(fc.constant(false), tie('schema'))),
      keyword('propertyNames', tie('schema')),
      { weight: 2, arbitrary: keyword('items', tie('schema')) },
      keyword('prefixItems', list),
      keyword('contains', tie('schema')),
      keyword('unevaluatedItems', fc.constant(false)),
      keyword('allOf', list),
      { weight: 2, arbitrary: keyword('anyOf', list) },
      { weight: 2, arbitrary: keyword('oneOf', list) },
      keyword('not', tie('schema')),
      keyword('if', tie('schema')),
      keyword('then', tie('schema')),
      keyword('else', tie('schema')),
      keyword('dependentSchemas', fc.dictionary(name, tie('schema'), { minKeys: 1, maxKeys: 1 })),
    ),
  };
});

function schemaOf(of: fc.Arbitrary<Keyword>): fc.Arbitrary<Schema> {
  return fc.uniqueArray(of, { selector: ([key]) => key, maxLength: 4 }).map(Object.fromEntries<Json>);
}

/** The arguments of a tool as servers describe them. */
const argumentSchema: fc.Arbitrary<Schema> = fc
  .record(
    {
      properties: fc.dictionary(name, schema, { minKeys: 1, maxKeys: 3 }),
      required: someNames,
      additionalProperties: fc.oneof(fc.constant(false), fc.constant(true), schema),
    },
    { requiredKeys: ['properties'] },
  )
  .map((members) => ({ type: 'object', ...members }));

/** A whole schema whose references lead somewhere. */
export const schemaDocuments: fc.Arbitrary<SchemaObject> = fc
  .tuple(fc.oneof(schemaOf(anyKeyword), argumentSchema), schema, schema)
  .map(([root, d, e]) => ({ ...(isRecord(root) ? root : {}), $defs: { d, e } }));

/** One change at one place of a schema: which place, and what becomes of the schema there. */
export interface Mutation {
  readonly place: number;
  readonly change: (schema: SchemaObject) => Json;
}

function withKeyword([key, said]: Keyword): Mutation['change'] {
  return (old) => ({ ...old, [key]: said });
}

function without(index: number): Mutation['change'] {
  return (old) => Object.fromEntries(Object.entries(old).filter((_, at, all) => at !== index % all.length));
}

const place = fc.nat(30);
const dropping = fc.record({ place, change: fc.nat(5).map(without) });

export const anyMutation: fc.Arbitrary<Mutation> = fc.oneof(
  dropping,
  fc.record({ place, change: anyKeyword.map(withKeyword) }),
  fc.record({ place, change: schema.map((other) => () => other) }),
  fc.record({ place, change: schema.map((other) => (old: Json) => ({ anyOf: [old, other] })) }),
);

/** Changes that declare no property under a name that instances use. */
export const tolerableMutation: fc.Arbitrary<Mutation> = fc.oneof(
  dropping,
  fc.record({ place, change: plainKeyword.map(withKeyword) }),
  fc.record({
    place,
    change: schema.map((other) => (old: SchemaObject) => {
      const properties = old['properties'];
      return { ...old, properties: { ...(isRecord(properties) ? properties : {}), fresh: other } };
    }),
  }),
);

export function isRecord(json: Json | undefined): json is { [key: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

const inside: Record<string, 'one' | 'list' | 'named'> = {
  ...Object.fromEntries(['allOf', 'anyOf', 'oneOf', 'prefixItems'].map((key) => [key, 'list'])),
  ...Object.fromEntries(['properties', 'patternProperties', 'dependentSchemas', '$defs'].map((key) => [key, 'named'])),
  ...Object.fromEntries(
    [
      ['additionalProperties', 'contains', 'else', 'if', 'items', 'not', 'propertyNames', 'then'],
      ['unevaluatedItems', 'unevaluatedProperties'],
    ]
      .flat()
      .map((key) => [key, 'one']),
  ),
};

/** The schema with `change` applied to every object schema in it, given its number in the order of visiting. */
export function rewrite(whole: Json, change: (schema: SchemaObject, place: number) => Json): Json {
  let count = 0;
  const visit = (json: Json): Json => {
    if (!isRecord(json)) return json;
    const number = count++;
    const members = Object.entries(json).map(([key, below]): Keyword => {
      const form = inside[key];
      if (form === 'one') return [key, visit(below)];
      if (form === 'list' && Array.isArray(below)) return [key, below.map(visit)];
      if (form === 'named' && isRecord(below)) {
        return [key, Object.fromEntries(Object.entries(below).map(([name, one]) => [name, visit(one)]))];
      }
      return [key, below];
    });
    return change(Object.fromEntries(members), number);
  };
  return visit(whole);
}

/** Applies the mutations one after the other; places count modulo the number of schemas there are. */
export function mutate(whole: Json, mutations: readonly Mutation[]): Json {
  return mutations.reduce((current, { place, change }) => {
    let count = 0;
    rewrite(current, (schema) => {
      count++;
      return schema;
    });
    return rewrite(current, (schema, number) => (number === place % Math.max(1, count) ? change(schema) : schema));
  }, whole);
}
