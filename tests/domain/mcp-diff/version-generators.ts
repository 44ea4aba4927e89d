import fc from 'fast-check';
import type {
  McpDefinition,
  NamedDefinition,
  Offer,
  ToolDefinition,
  Transport,
} from '../../../src/domain/mcp/definition.ts';
import type { VersionContent } from '../../../src/domain/mcp/events.ts';
import { isRecord, rewrite, schemaDocuments, type Json } from './schema-generators.ts';

const text = fc.constantFrom('', 'one', 'two', 'données', '工具');
/** Names that would hurt if they were used as paths or as keys of plain objects. */
export const names = fc.constantFrom('echo', 'add', 'a/b', '~c', '~1', '__proto__', 'constructor', 'toString', 'é');

/** A schema whose sets are in order, so that equal sets are equal arrays. */
const schemas = schemaDocuments.map((document) =>
  rewrite(document, (schema) => {
    const { dependentRequired } = schema;
    const members = Object.entries(schema).map(([keyword, said]): [string, Json] => {
      return [keyword, ['enum', 'required', 'type'].includes(keyword) ? inOrder(said) : said];
    });
    const sorted = Object.fromEntries(members);
    if (!isRecord(dependentRequired)) return sorted;
    const needs = Object.entries(dependentRequired).map(([name, names]) => [name, inOrder(names)]);
    return { ...sorted, dependentRequired: Object.fromEntries(needs) as Json };
  }),
);

function inOrder(said: Json): Json {
  return Array.isArray(said) ? said.toSorted(byText) : said;
}

function byText(a: Json, b: Json): number {
  const [x, y] = [JSON.stringify(a), JSON.stringify(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

const tool: fc.Arbitrary<ToolDefinition> = fc.record(
  {
    name: names,
    description: text,
    inputSchema: schemas.filter(isRecord),
    outputSchema: schemas.filter(isRecord),
    annotations: fc.record({ readOnlyHint: fc.boolean(), destructiveHint: fc.boolean() }, { requiredKeys: [] }),
    extension: fc.jsonValue({ maxDepth: 2 }),
  },
  { requiredKeys: ['name', 'inputSchema'] },
);

const named: fc.Arbitrary<NamedDefinition> = fc.record({
  name: names,
  arguments: fc.array(fc.record({ name: text, required: fc.boolean() }), { maxLength: 3 }),
});

function listOf<Definition extends NamedDefinition>(definition: fc.Arbitrary<Definition>) {
  return fc.uniqueArray(definition, { selector: ({ name }) => name, maxLength: 4 });
}

export const offers: fc.Arbitrary<Offer> = fc.record({
  tools: listOf(tool),
  prompts: listOf(named),
  resources: listOf(named),
  resourceTemplates: listOf(named),
  server: fc.record({ name: text, version: text, protocolVersion: text }),
});

const transports: fc.Arbitrary<Transport> = fc.oneof(
  fc.record({ type: fc.constant('stdio'), command: text, args: fc.array(text, { maxLength: 3 }) }),
  fc.record(
    {
      type: fc.constant('sse'),
      url: text,
      headers: fc.dictionary(names, fc.oneof(text, fc.record({ secret: text })), { maxKeys: 2 }),
    },
    { requiredKeys: ['type', 'url'] },
  ),
);

const definitions: fc.Arbitrary<McpDefinition> = fc.record({
  name: text,
  description: text,
  tags: fc.uniqueArray(text).map((tags) => tags.toSorted()),
  transport: transports,
});

export const versions: fc.Arbitrary<VersionContent> = fc.record({
  definition: definitions,
  offer: fc.option(offers, { freq: 8 }),
});

/** Two versions that have much in common. */
export const versionPairs: fc.Arbitrary<readonly [VersionContent, VersionContent]> = fc
  .tuple(versions, versions, fc.subarray(['definition', 'offer', 'tools', 'one'] as const))
  .map(([before, other, kept]) => {
    const after: VersionContent = {
      definition: kept.includes('definition') ? before.definition : other.definition,
      offer: kept.includes('offer') ? before.offer : mixed(before.offer, other.offer, kept.includes('tools')),
    };
    return [before, after] as const;
  });

function mixed(before: Offer | null, other: Offer | null, keepTools: boolean): Offer | null {
  return before && other && keepTools ? { ...other, tools: before.tools } : other;
}

/** The same value with the members of every object, and the listed things of an offer, in another order. */
export function shuffled(version: VersionContent): VersionContent {
  const { definition, offer } = version;
  return {
    definition: reversed({ ...definition, tags: definition.tags.toReversed() }),
    offer: offer && {
      server: reversed(offer.server),
      tools: offer.tools.map(reversed).reverse(),
      prompts: offer.prompts.map(reversed).reverse(),
      resources: offer.resources.map(reversed).reverse(),
      resourceTemplates: offer.resourceTemplates.map(reversed).reverse(),
    },
  };
}

function reversed<Value>(value: Value): Value {
  const text = JSON.stringify(value, (_key, part: unknown) => {
    return typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).reverse())
      : part;
  });
  return JSON.parse(text) as Value;
}
