import { describe, expect, it } from 'vitest';
import type { VersionContent } from '../../../src/domain/mcp/events.ts';
import { changesBetween } from '../../../src/domain/mcp/diff/changes.ts';
import { diffVersions } from '../../../src/domain/mcp/diff/version-diff.ts';
import { taking, tool, version, withX } from './given.ts';

/** Visits of schemas that a diff takes from its budget; the rest of its work is proportional to the versions. */
function visits(before: VersionContent, after: VersionContent): number {
  const budget = { left: plenty };
  diffVersions(before, after, budget);
  return plenty - budget.left;
}

const plenty = 200_000;

/** The same object or array, with a count of how often its members were asked for. */
function counted<Value extends object>(value: Value): { readonly value: Value; reads: number } {
  const count = {
    reads: 0,
    value: new Proxy(value, {
      get(target, key) {
        count.reads++;
        return Reflect.get(target, key) as unknown;
      },
      getOwnPropertyDescriptor(target, key) {
        count.reads++;
        return Reflect.getOwnPropertyDescriptor(target, key);
      },
    }),
  };
  return count;
}

function nested(depth: number, innermost: string): unknown {
  return JSON.parse('{"type":"object","properties":{"a":'.repeat(depth) + innermost + '}}'.repeat(depth));
}

describe('a schema nested ten thousand levels deep', () => {
  const [before, after] = [taking(nested(10_000, '{"type":"number"}')), taking(nested(10_000, '{"type":"integer"}'))];

  it('is compared without exhausting the stack, and not taken for compatible', () => {
    expect(diffVersions(before, after).breaking.map(({ code }) => code)).toEqual(['input_not_comparable']);
    expect(diffVersions(before, taking(nested(10_000, '{"type":"number"}'))).changes).toEqual([]);
  });

  it('is shown as one change at a bounded depth', () => {
    const { changes } = diffVersions(before, after);
    expect(changes.map(({ op, pointer }) => [op, pointer.split('/').length < 300])).toEqual([['replace', true]]);
  });

  it.each([
    ['items', '{"items":'],
    ['not', '{"not":'],
    ['allOf', '{"allOf":['],
    ['anyOf', '{"anyOf":[{"type":"null"},'],
    ['oneOf', '{"oneOf":[{"type":"null"},'],
    ['if', '{"if":{"minLength":1},"then":'],
    ['additionalProperties', '{"additionalProperties":'],
  ])('is no harm under %s', (_, opening) => {
    const depth = 5_000;
    const closing = opening.includes('[') ? ']}' : '}';
    const schema = (type: string) =>
      JSON.parse(opening.repeat(depth) + `{"type":"${type}"}` + closing.repeat(depth)) as unknown;
    const { breaking } = diffVersions(taking(withX(schema('string'))), taking(withX(schema('number'))));
    expect(breaking.length).toBeGreaterThan(0);
  });
});

describe('names that objects have by themselves', () => {
  const schema = (inner: string) =>
    JSON.parse(`{"type":"object","properties":{"__proto__":${inner},"constructor":${inner}}}`) as unknown;

  it('are names like others', () => {
    const { changes, breaking } = diffVersions(
      taking(schema('{"type":"number"}')),
      taking(schema('{"type":"integer"}')),
    );
    expect(changes.map(({ pointer }) => pointer)).toEqual([
      '/tools/echo/inputSchema/properties/__proto__/type',
      '/tools/echo/inputSchema/properties/constructor/type',
    ]);
    expect(breaking.map(({ code }) => code)).toEqual(['input_type_narrowed', 'input_type_narrowed']);
  });

  it('are not found where they are not', () => {
    const required = JSON.parse('{"type":"object","required":["__proto__","toString"]}') as unknown;
    const { breaking } = diffVersions(taking({ type: 'object' }), taking(required));
    expect(breaking.map(({ code }) => code)).toEqual(['input_required_added', 'input_required_added']);
    const changes = changesBetween({}, JSON.parse('{"__proto__":1,"valueOf":2}'), 'data', '');
    expect(changes.map(({ op, pointer }) => `${op} ${pointer}`)).toEqual(['add /__proto__', 'add /valueOf']);
  });

  it('pollute nothing', () => {
    const polluting = JSON.parse(
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    ) as object;
    const tools = ['__proto__', 'constructor'].map((name) => tool({ name, inputSchema: { ...polluting } }));
    const { tools: names } = diffVersions(version([]), version(tools));
    expect(names.added).toEqual(['__proto__', 'constructor']);
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('malformed schemas', () => {
  it.each([
    ['no object', 7],
    ['a list', []],
    ['null', null],
    ['properties that are a list', { properties: [] }],
    ['a property that is no schema', withX(7)],
    ['alternatives that are no list', { anyOf: {} }],
    ['a type that is unknown', { type: 'file' }],
    ['a bound that is no number', { type: 'number', minimum: '1' }],
    ['names that are no list', { type: 'object', required: 'a' }],
    ['an enum that is no list', { enum: 'a' }],
  ])('are never taken for compatible: %s', (_, malformed) => {
    expect(diffVersions(taking({}), taking(malformed)).breaking).not.toEqual([]);
    expect(diffVersions(taking(malformed), taking(malformed)).breaking).toEqual([]);
    expect(() => diffVersions(taking(malformed), taking({ type: 'object' }))).not.toThrow();
  });

  it('are quoted short and on one line', () => {
    const name = `a\n\u202e${'x'.repeat(10_000)}`;
    const { breaking } = diffVersions(taking({}), taking({ type: 'object', required: [name] }));
    for (const { reason } of breaking) {
      expect(reason.length).toBeLessThan(200);
      expect(reason).not.toMatch(/[\n\u202e]/);
    }
    expect(breaking.map(({ code }) => code)).toContain('input_required_added');
  });
});

describe('large schemas', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `value ${index}`);

  it('are compared by reading each of their members a few times, however many there are', () => {
    const [all, half] = [many(5_000), many(2_500)];
    const properties = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, true]));
    const [before, after] = [
      { enum: counted(all), properties: counted(properties(all)) },
      {
        enum: counted(all.slice(0, -1).reverse()),
        properties: counted(properties([...half, 'new', ...all.slice(-1)])),
      },
    ];
    const schema = (side: typeof before) => taking({ enum: side.enum.value, properties: side.properties.value });
    expect(diffVersions(schema(before), schema(after)).changes.length).toBe(2_501);
    for (const count of [before.enum, before.properties, after.enum, after.properties]) {
      expect(count.reads).toBeLessThan(10 * all.length);
    }
  });

  // Compared pair by pair these would be ten thousand million comparisons each, and the test would not end in its time.
  it('with enums of a hundred thousand values are compared to the end', () => {
    const values = many(100_000);
    const all = taking(withX({ enum: values }));
    expect(diffVersions(all, taking(withX({ enum: values.slice(1) }))).breaking).not.toEqual([]);
    expect(diffVersions(all, taking(withX({ enum: values.toReversed() }))).changes).toEqual([]);
  });

  it('with a hundred thousand arguments are compared to the end', () => {
    const properties = Object.fromEntries(many(100_000).map((name) => [name, { type: 'string' }]));
    const before = taking({ type: 'object', properties, additionalProperties: false });
    const after = taking({ type: 'object', properties: {}, additionalProperties: false });
    expect(diffVersions(before, after).breaking.length).toBeGreaterThan(0);
    expect(diffVersions(after, before).changes).toHaveLength(100_000);
  });

  // The first three have to stop at the limit; in the others each definition is known again.
  it.each([
    ['anyOf', 200_000, (ref: object) => ({ anyOf: Array.from({ length: 20 }, () => ref) })],
    ['allOf', 200_000, (ref: object) => ({ allOf: Array.from({ length: 20 }, () => ref) })],
    ['oneOf', 200_000, (ref: object) => ({ oneOf: Array.from({ length: 20 }, () => ref) })],
    ['not', 10_000, (ref: object) => ({ not: { anyOf: [ref, ref] } })],
    ['properties', 2_000, (ref: object) => ({ properties: Object.fromEntries(many(20).map((name) => [name, ref])) })],
  ])('that would unfold without end under %s are left after %d visits', (_, most, unfold) => {
    const schema = (last: object) => ({
      $ref: '#/$defs/0',
      $defs: Object.fromEntries([
        ...Array.from({ length: 12 }, (_, level) => [level, unfold({ $ref: `#/$defs/${level + 1}` })] as const),
        ['12', last],
      ]),
    });
    const [before, after] = [taking(schema({ type: 'number' })), taking(schema({ type: 'integer' }))];
    expect(visits(before, after)).toBeLessThan(most);
    expect(diffVersions(before, after).breaking).not.toEqual([]);
  });

  it('in two hundred tools do not add up without limit', () => {
    const hard = (last: string) => ({
      ...withX({ $ref: '#/$defs/0' }),
      $defs: Object.fromEntries([
        ...Array.from({ length: 12 }, (_, level) => {
          const ref = { $ref: `#/$defs/${level + 1}` };
          return [level, { anyOf: Array.from({ length: 9 }, (_, index) => ({ ...ref, minLength: index })) }] as const;
        }),
        ['12', { type: last }],
      ]),
    });
    const tools = (last: string) => version(many(200).map((name) => tool({ name, inputSchema: hard(last) })));
    const [before, after] = [tools('number'), tools('integer')];
    // All of what the diff has, and of one more visit the little that it costs to see that nothing is left.
    expect(visits(before, after)).toBeGreaterThanOrEqual(plenty);
    expect(visits(before, after)).toBeLessThan(plenty * 1.05);
    expect(new Set(diffVersions(before, after).breaking.map((one) => one.tool)).size).toBe(200);
  });
});

describe('two hundred ordinary tools', () => {
  const ordinary = (index: number, limit: number) =>
    tool({
      name: `tool-${index}`,
      description: 'Searches documents and answers with the best of them.',
      inputSchema: {
        type: 'object',
        properties: {
          query: { type: 'string', minLength: 1, description: 'What to look for' },
          limit: { type: 'integer', minimum: 1, maximum: limit, default: 10 },
          sort: { anyOf: [{ enum: ['date', 'relevance'] }, { type: 'null' }] },
          filters: {
            type: 'array',
            items: {
              type: 'object',
              properties: { field: { type: 'string' }, value: {} },
              required: ['field', 'value'],
            },
          },
        },
        required: ['query'],
        additionalProperties: false,
      },
      outputSchema: {
        type: 'object',
        properties: { hits: { type: 'array', items: { type: 'object', properties: { id: { type: 'string' } } } } },
        required: ['hits'],
      },
    });
  const at = (limit: (index: number) => number) =>
    version(Array.from({ length: 200 }, (_, index) => ordinary(index, limit(index))));

  it('cost nothing where they did not change, and each that did as much as the others', () => {
    const before = at(() => 100);
    expect(
      visits(
        before,
        at(() => 100),
      ),
    ).toBe(0);
    const five = visits(
      before,
      at((index) => (index < 5 ? 50 : 100)),
    );
    expect(five).toBeGreaterThan(0);
    expect(five).toBeLessThan(5 * 100);
    expect(
      visits(
        before,
        at(() => 50),
      ),
    ).toBe(40 * five);
    expect(
      diffVersions(
        before,
        at(() => 50),
      ).breaking,
    ).toHaveLength(200);
  });
});
