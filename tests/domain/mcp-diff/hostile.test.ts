import { describe, expect, it } from 'vitest';
import { changesBetween } from '../../../src/domain/mcp/diff/changes.ts';
import { canonicalOffer, sameOffer } from '../../../src/domain/mcp/diff/offer.ts';
import { diffVersions } from '../../../src/domain/mcp/diff/version-diff.ts';
import { offer, taking, tool, version, withX } from './given.ts';

/** Milliseconds of processor time that the cheapest of some runs takes: what else the machine does is not counted. */
function cost(work: () => unknown, runs = 1): number {
  let best = Infinity;
  for (let run = 0; run < runs; run++) {
    const before = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
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

  it('with enums of a hundred thousand values take less than a second', () => {
    const values = many(100_000);
    const [all, fewer] = [taking(withX({ enum: values })), taking(withX({ enum: values.slice(1) }))];
    expect(cost(() => diffVersions(all, taking(withX({ enum: values.toReversed() }))))).toBeLessThan(1000);
    expect(cost(() => diffVersions(all, fewer))).toBeLessThan(1000);
    expect(diffVersions(all, fewer).breaking).not.toEqual([]);
    expect(diffVersions(all, taking(withX({ enum: values.toReversed() }))).changes).toEqual([]);
  });

  it('with a hundred thousand arguments take less than three seconds', () => {
    const properties = Object.fromEntries(many(100_000).map((name) => [name, { type: 'string' }]));
    const before = taking({ type: 'object', properties, additionalProperties: false });
    const after = taking({ type: 'object', properties: {}, additionalProperties: false });
    expect(cost(() => diffVersions(before, after))).toBeLessThan(3000);
    expect(cost(() => diffVersions(after, before))).toBeLessThan(3000);
    expect(diffVersions(before, after).breaking.length).toBeGreaterThan(0);
    expect(diffVersions(after, before).changes).toHaveLength(100_000);
  });

  it.each([
    ['anyOf', (ref: object) => ({ anyOf: Array.from({ length: 20 }, () => ref) })],
    ['allOf', (ref: object) => ({ allOf: Array.from({ length: 20 }, () => ref) })],
    ['oneOf', (ref: object) => ({ oneOf: Array.from({ length: 20 }, () => ref) })],
    ['not', (ref: object) => ({ not: { anyOf: [ref, ref] } })],
    ['properties', (ref: object) => ({ properties: Object.fromEntries(many(20).map((name) => [name, ref])) })],
  ])('that would unfold without end under %s stop at the limit', (_, unfold) => {
    const schema = (last: object) => ({
      $ref: '#/$defs/0',
      $defs: Object.fromEntries([
        ...Array.from({ length: 12 }, (_, level) => [level, unfold({ $ref: `#/$defs/${level + 1}` })] as const),
        ['12', last],
      ]),
    });
    const [before, after] = [taking(schema({ type: 'number' })), taking(schema({ type: 'integer' }))];
    expect(cost(() => diffVersions(before, after))).toBeLessThan(2000);
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
    expect(cost(() => diffVersions(before, after))).toBeLessThan(3000);
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
  const tools = (limit: (index: number) => number) =>
    offer(Array.from({ length: 200 }, (_, index) => ordinary(index, limit(index))));
  const at = (limit: (index: number) => number) => ({ ...version([]), offer: tools(limit) });

  it('are compared in less than 20 ms, or 40 ms when every one of them changed', () => {
    const [before, same, few, all] = [
      at(() => 100),
      at(() => 100),
      at((index) => (index < 5 ? 50 : 100)),
      at(() => 50),
    ];
    expect(diffVersions(before, all).breaking).toHaveLength(200);
    for (const after of [same, few]) expect(cost(() => diffVersions(before, after), 20)).toBeLessThan(20);
    expect(cost(() => diffVersions(before, all), 20)).toBeLessThan(40);
  });

  it('are known to be the same offer in less than 20 ms', () => {
    const [one, other] = [tools(() => 100), tools(() => 100)];
    expect(sameOffer(one, other)).toBe(true);
    expect(cost(() => sameOffer(one, other), 20)).toBeLessThan(20);
    expect(cost(() => canonicalOffer(one), 20)).toBeLessThan(20);
  });
});
