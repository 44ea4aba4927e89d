import type { NamedDefinition, Offer, ToolDefinition } from '../../domain/mcp/definition.ts';
import { METHOD_NOT_FOUND, RpcFailure } from './errors.ts';
import { isDeeperThan, isObject, shorten, type JsonObject } from './json.ts';
import { protocolError } from './multiplexer.ts';

/** Sends one request of a discovery, within its deadline. */
export type Ask = (method: string, params: JsonObject) => Promise<unknown>;

export interface ServerFacts {
  readonly name: string;
  readonly version: string;
  readonly protocolVersion: string;
}

const MAX_PAGES = 100;
const MAX_ITEMS = 10_000;
/** Characters of JSON in one list. */
const MAX_LENGTH = 16 * 1024 * 1024;
const MAX_DEPTH = 64;

/**
 * Everything a server offers, every page of every list that it says it has.
 * @throws UpstreamError `upstream_protocol_error` a list is not what the protocol says, or has no end
 */
export async function discoverOffer(capabilities: JsonObject, server: ServerFacts, ask: Ask): Promise<Offer> {
  const has = (capability: string): boolean => isObject(capabilities[capability]);
  const none: readonly JsonObject[] = [];
  const [tools, prompts, resources, resourceTemplates] = await Promise.all([
    listTools(capabilities, ask),
    has('prompts') ? listAll('prompts/list', 'prompts', ask) : none,
    has('resources') ? listAll('resources/list', 'resources', ask) : none,
    has('resources') ? listAll('resources/templates/list', 'resourceTemplates', ask) : none,
  ]);
  return {
    tools,
    prompts: prompts.map((item) => checkNamed('prompt', item)),
    resources: resources.map((item) => checkNamed('resource', item)),
    resourceTemplates: resourceTemplates.map((item) => checkNamed('resource template', item)),
    server,
  };
}

/** The tools of a server, every page; none when it says that it has no tools. @throws UpstreamError as `discoverOffer` */
export async function listTools(capabilities: JsonObject, ask: Ask): Promise<readonly ToolDefinition[]> {
  return isObject(capabilities['tools']) ? (await listAll('tools/list', 'tools', ask)).map(checkTool) : [];
}

async function listAll(method: string, field: string, ask: Ask): Promise<readonly JsonObject[]> {
  const items: JsonObject[] = [];
  let length = 0;
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const result = await askPage(method, field, cursor, ask);
    items.push(...result.items);
    length += JSON.stringify(result.items).length;
    if (items.length > MAX_ITEMS || length > MAX_LENGTH) throw protocolError(`the list of ${method} is too large`);
    if (result.next === undefined) return checkNames(method, items);
    if (result.next === cursor) throw protocolError(`the list of ${method} comes back to the same page`);
    cursor = result.next;
  }
  throw protocolError(`the list of ${method} has more than ${MAX_PAGES} pages`);
}

async function askPage(method: string, field: string, cursor: string | undefined, ask: Ask) {
  let result: unknown;
  try {
    result = await ask(method, cursor === undefined ? {} : { cursor });
  } catch (error) {
    // Many servers with resources have no templates, and say so in this way.
    const absent = error instanceof RpcFailure && error.rpcCode === METHOD_NOT_FOUND && method !== 'tools/list';
    if (absent) return { items: [], next: undefined };
    throw error;
  }
  const items = isObject(result) ? result[field] : undefined;
  if (!isObject(result) || !Array.isArray(items))
    throw protocolError(`the answer to ${method} has no list of ${field}`);
  if (isDeeperThan(items, MAX_DEPTH)) throw protocolError(`the answer to ${method} is nested too deep`);
  const wrong = items.findIndex((item) => !isObject(item) || typeof item['name'] !== 'string');
  if (wrong >= 0) throw protocolError(`entry ${wrong} of ${method} has no name`);
  const next = result['nextCursor'];
  return { items: items.filter(isObject), next: typeof next === 'string' && next !== '' ? next : undefined };
}

/** Two tools of one name could not be told apart in a call. Resources are known by their URI, and may share a name. */
function checkNames(method: string, items: readonly JsonObject[]): readonly JsonObject[] {
  const seen = new Set<unknown>();
  for (const { name } of method === 'tools/list' || method === 'prompts/list' ? items : []) {
    if (seen.has(name)) throw protocolError(`${method} names ${JSON.stringify(shorten(String(name), 100))} twice`);
    seen.add(name);
  }
  return items;
}

function checkTool(item: JsonObject): ToolDefinition {
  const { inputSchema, outputSchema } = item;
  const named = checkNamed('tool', item);
  const which = `the tool ${JSON.stringify(shorten(named.name, 100))}`;
  if (!isObject(inputSchema)) throw protocolError(`${which} has no input schema`);
  if (outputSchema === undefined) return { ...named, inputSchema };
  if (!isObject(outputSchema)) throw protocolError(`${which} has an output schema that is not an object`);
  return { ...named, inputSchema, outputSchema };
}

function checkNamed(kind: string, item: JsonObject): NamedDefinition {
  const { name } = item;
  if (typeof name !== 'string' || name === '') throw protocolError(`a ${kind} has no name`);
  return { ...item, name };
}
