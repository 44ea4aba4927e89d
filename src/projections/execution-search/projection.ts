import type { ExecutionEvent, StoredResult } from '../../domain/execution/events.ts';
import type { SearchRow } from '../../ports/read-model.ts';
import { idOf, recognise, type Recorded } from '../folding/recorded.ts';
import { createWords, type Words } from '../folding/words.ts';
import type { Projection } from '../projection.ts';

/** UTF-16 units of text kept for one call: enough to find it by, little enough to index thousands a second. */
const room = 4096;

/** Of these, what was asked may take; the rest is for what was answered. */
const roomForRequest = 2048;

const types = [
  'ExecutionRequested',
  'ExecutionSucceeded',
  'ExecutionFailed',
  'ExecutionTimedOut',
  'ExecutionCancelled',
] as const;
type Event = Recorded<Extract<ExecutionEvent, { type: (typeof types)[number] }>>;
const isOurs = recognise<Extract<ExecutionEvent, { type: (typeof types)[number] }>>(types);

const statusAfter = {
  ExecutionSucceeded: 'succeeded',
  ExecutionFailed: 'failed',
  ExecutionTimedOut: 'timed_out',
  ExecutionCancelled: 'cancelled',
} as const;

/**
 * One entry for each call, searchable once the call has ended, so that its words are indexed only once. A result that
 * lies outside the events is not searched.
 */
export const executionSearch: Projection<SearchRow> = {
  name: 'execution_search',
  schemaVersion: 1,
  model: {
    kind: 'search',
    index: 'execution_search',
    keywords: {
      requested_by: 'text',
      mcp_id: 'text',
      tool: 'text',
      status: 'text',
      requested_at: 'text',
      requested_position: 'integer',
      /** The words of the request, until they become part of the text. */
      request: 'text',
    },
    ordinal: 'requested_position',
    indexes: [],
  },
  types,
  rowId: (event) => (isOurs(event) ? idOf(event.stream) : undefined),
  begins: (event) => event.revision === 0,
  evolve(row, event) {
    if (!isOurs(event)) return row;
    if (event.type === 'ExecutionRequested') return row ?? requested(event);
    if (row?.text !== null) return row;
    const status = statusAfter[event.type];
    return { id: row.id, text: wordsOf(row, event), keywords: { ...row.keywords, status, request: null } };
  },
};

function requested({ stream, position, data, metadata }: Extract<Event, { type: 'ExecutionRequested' }>): SearchRow {
  const words = createWords(roomForRequest).add(data.tool).add(data.mcpName).addJson(data.arguments);
  return {
    id: idOf(stream),
    text: null,
    keywords: {
      requested_by: data.requestedBy,
      mcp_id: data.mcpId,
      tool: data.tool,
      status: 'queued',
      requested_at: metadata.occurredAt,
      requested_position: position,
      request: words.toString(),
    },
  };
}

function wordsOf(row: SearchRow, event: Exclude<Event, { type: 'ExecutionRequested' }>): string {
  const words = createWords(room).add(String(row.keywords['request'] ?? ''));
  if (event.type === 'ExecutionFailed') {
    words.add(event.data.error.code);
    // A tool's own error is told by its result.
    if (event.data.error.code !== 'tool_error' || !event.data.result) words.add(event.data.error.message);
    for (const { pointer, detail } of event.data.error.faults ?? []) words.add(`${pointer} ${detail}`);
  }
  if ('result' in event.data) addResult(words, event.data.result);
  return words.toString();
}

function addResult(words: Words, result: StoredResult): void {
  if (!('inline' in result)) return;
  const { content, structuredContent } = result.inline;
  for (const block of content) {
    if (typeof block['text'] === 'string') words.add(block['text']);
    else if (block.type === 'resource') words.addJson(textOnly(block['resource']));
    else if (block.type === 'resource_link') words.addJson([block['uri'], block['name'], block['description']]);
  }
  // Servers repeat structured content as text for older clients (MCP specification, tools, structured content).
  if (structuredContent && !content.some(({ type }) => type === 'text')) words.addJson(structuredContent);
}

/** An embedded resource without its binary part, which holds no words. */
function textOnly(resource: unknown): unknown {
  if (typeof resource !== 'object' || resource === null) return resource;
  return Object.fromEntries(Object.entries(resource).filter(([name]) => name === 'uri' || name === 'text'));
}
