import type { Offer, ToolDefinition } from '../../src/domain/mcp/definition.ts';
import type { VersionContent } from '../../src/domain/mcp/events.ts';
import { sameOffer } from '../../src/domain/mcp/diff/offer.ts';
import { diffVersions } from '../../src/domain/mcp/diff/version-diff.ts';
import { fastestOf } from './fastest-of.ts';
import { figure, type BenchRow } from './row.ts';

const tools = 200;
const runs = 50;

/** What comparing versions costs, against writing both as JSON and reading them again. */
export async function benchVersionDiff(): Promise<readonly BenchRow[]> {
  const before = versionWith(() => 100);
  const same = versionWith(() => 100);
  const changed = versionWith(() => 50);
  const floor = fastestOf(runs, () => [before, same].map((one) => JSON.parse(JSON.stringify(one)) as unknown));
  const row = (what: string, most: number, work: () => unknown): BenchRow => {
    const time = fastestOf(runs, work);
    return {
      what,
      value: `${figure(time)} ms`,
      floor: `${figure(floor)} ms to write and read both as JSON`,
      ratio: figure(time / floor),
      goal: `≤ ${most}`,
      met: time / floor <= most,
    };
  };
  return [
    row(`two versions of ${tools} tools compared, nothing changed`, 2, () => diffVersions(before, same)),
    row('the same, every tool changed and proven', 20, () => diffVersions(before, changed)),
    row(`two offers of ${tools} tools found to be the same`, 8, () => sameOffer(before.offer, same.offer)),
  ];
}

function versionWith(limit: () => number): VersionContent & { readonly offer: Offer } {
  const definition = { name: 'documents', description: 'Documents', tags: [], transport };
  const server = { name: 'example', version: '1.0.0', protocolVersion: '2025-11-25' };
  const list = Array.from({ length: tools }, (_, index) => tool(index, limit()));
  return { definition, offer: { tools: list, prompts: [], resources: [], resourceTemplates: [], server } };
}

const transport = { type: 'streamable-http', url: 'https://example.org/mcp' } as const;

function tool(index: number, limit: number): ToolDefinition {
  const found = { type: 'array', items: { type: 'object', properties: { id: { type: 'string' } } } };
  const filter = { type: 'object', properties: { field: { type: 'string' }, value: {} }, required: ['field', 'value'] };
  return {
    name: `tool-${index}`,
    description: 'Searches documents and answers with the best of them.',
    inputSchema: {
      type: 'object',
      properties: {
        query: { type: 'string', minLength: 1, description: 'What to look for' },
        limit: { type: 'integer', minimum: 1, maximum: limit, default: 10 },
        sort: { anyOf: [{ enum: ['date', 'relevance'] }, { type: 'null' }] },
        filters: { type: 'array', items: filter },
      },
      required: ['query'],
      additionalProperties: false,
    },
    outputSchema: { type: 'object', properties: { hits: found }, required: ['hits'] },
  };
}
