import { v7 as uuidv7 } from 'uuid';
import type { McpDefinition, Offer, ToolDefinition } from '../../../src/domain/mcp/definition.ts';
import { NO_STREAM, type StreamAppend } from '../../../src/ports/event-store.ts';
import { recordedAs } from '../recorded-as.ts';

/** Versions of each mcp. Each is published, then its server tells what it offers. */
const VERSIONS = 3;

const admin = `user:${uuidv7()}`;
const start = Date.parse('2026-01-01T00:00:00Z');

/** An mcp as it would have been registered, and changed twice, of a server with three tools. */
export function mcpStream(n: number): StreamAppend {
  const id = uuidv7();
  const at = new Date(start + n * 1000).toISOString();
  const event = recordedAs(id, admin, at);
  const definition = (version: number): McpDefinition => ({
    name: `weather-${n}`,
    description: `Weather of the cities of region ${n}, 第${version}版`,
    tags: ['weather', `region-${n % 20}`],
    transport: { type: 'streamable-http', url: `https://mcp.example.com/weather/${n}` },
  });
  const tool = (name: string, version: number): ToolDefinition => ({
    name,
    description: `Answers the ${name} for a city and a day; version ${version}.`,
    inputSchema: {
      type: 'object',
      properties: { city: { type: 'string' }, day: { type: 'string', format: 'date' } },
      required: ['city'],
    },
  });
  const offer = (version: number): Offer => ({
    tools: ['forecast', 'temperature', 'rain'].map((name) => tool(name, version)),
    prompts: [],
    resources: [],
    resourceTemplates: [],
    server: { name: 'weather', version: `1.${version}.0`, protocolVersion: '2025-06-18' },
  });
  const events = Array.from({ length: VERSIONS }, (_, index) => {
    const version = index + 1;
    const published =
      version === 1
        ? event(2 * index, 'McpRegistered', { definition: definition(version) })
        : event(2 * index, 'McpVersionPublished', {
            version,
            definition: definition(version),
            offer: null,
            reason: 'change',
          });
    return [published, event(2 * index + 1, 'ToolsDiscovered', { version, offer: offer(version) })];
  });
  return { stream: `mcp-${id}`, expectedRevision: NO_STREAM, events: events.flat() };
}
