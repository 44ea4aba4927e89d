import type { ToolResult } from '../../domain/execution/result.ts';
import { isDeeperThan, isObject } from './json.ts';
import { protocolError } from './multiplexer.ts';

/** Nesting that storing, hashing and validating a result can bear. */
const MAX_DEPTH = 128;

/** Fields that a content block of a known type must have (MCP, ContentBlock). Unknown types pass as they are. */
const BLOCK_FIELDS: Readonly<Record<string, readonly string[]>> = {
  text: ['text'],
  image: ['data', 'mimeType'],
  audio: ['data', 'mimeType'],
  resource_link: ['uri', 'name'],
};

/** The answer of `tools/call`, when it is one. @throws UpstreamError `upstream_protocol_error` naming what is wrong */
export function checkToolResult(value: unknown): ToolResult {
  if (!isObject(value)) throw wrong('is not an object');
  const { content, structuredContent, isError, resultType } = value;
  if (typeof resultType === 'string' && resultType !== 'complete') {
    throw wrong(
      `is of the type ${JSON.stringify(resultType.slice(0, 40))}: the tool wants an answer first, which nobody can give it here`,
    );
  }
  if (isError !== undefined && typeof isError !== 'boolean') throw wrong('has an isError that is not a boolean');
  if (structuredContent !== undefined && !isObject(structuredContent)) {
    throw wrong('has structured content that is not an object');
  }
  // The schema of the protocol lets content default to nothing where there is structured content.
  const blocks: unknown = content === undefined && structuredContent !== undefined ? [] : content;
  if (!Array.isArray(blocks)) throw wrong('has no list of content');
  blocks.forEach(checkBlock);
  if (isDeeperThan(value, MAX_DEPTH)) throw wrong(`is nested deeper than ${MAX_DEPTH} levels`);
  if (content !== undefined && resultType === undefined) return value as ToolResult;
  const { resultType: _, ...result } = value;
  return { ...result, content: blocks };
}

function checkBlock(block: unknown, index: number): void {
  if (!isObject(block) || typeof block['type'] !== 'string') throw wrong(`has no type at content ${index}`);
  const { type } = block;
  if (type === 'resource') {
    const { resource } = block;
    if (!isObject(resource) || typeof resource['uri'] !== 'string') throw wrong(`has no resource at content ${index}`);
    return;
  }
  const fields = Object.hasOwn(BLOCK_FIELDS, type) ? BLOCK_FIELDS[type] : undefined;
  const missing = fields?.find((field) => typeof block[field] !== 'string');
  if (missing !== undefined) throw wrong(`lacks the text ${missing} at content ${index}`);
}

function wrong(what: string): Error {
  return protocolError(`the result ${what}`);
}
