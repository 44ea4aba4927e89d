import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { isObject, type JsonObject } from './json.ts';

const PROTOCOL_VERSION = 'io.modelcontextprotocol/protocolVersion';

/** Where `Mcp-Name` comes from, by method (MCP 2026-07-28, streamable HTTP, request headers). */
const NAMED_BY: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

const NONE: readonly string[] = [];

/**
 * What every request carries in `_meta` from revision 2026-07-28 on: there is no handshake any more that could have
 * settled it for the connection.
 */
export function requestEnvelope(
  version: string,
  client: { readonly name: string; readonly version: string },
): JsonObject {
  return {
    [PROTOCOL_VERSION]: version,
    'io.modelcontextprotocol/clientInfo': client,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
}

/** The headers that repeat what such a request says in its body; none for earlier revisions. */
export function revisionHeaders(message: JSONRPCMessage, connectionVersion: string | undefined): readonly string[] {
  if (!('method' in message) || !('id' in message)) return NONE;
  const meta = message.params?._meta;
  const version = isObject(meta) ? meta[PROTOCOL_VERSION] : undefined;
  if (typeof version !== 'string') return NONE;
  const source = NAMED_BY[message.method];
  const name = source === undefined ? undefined : message.params?.[source];
  return [
    ...(version === connectionVersion ? [] : ['mcp-protocol-version', version]),
    'mcp-method',
    message.method,
    ...(typeof name === 'string' ? ['mcp-name', headerValue(name)] : []),
  ];
}

/** A value as it may stand in a header; what may not is wrapped as `=?base64?…?=`. */
function headerValue(value: string): string {
  const plain = /^[\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !/^=\?base64\?.*\?=$/.test(value);
  return plain ? value : `=?base64?${Buffer.from(value).toString('base64')}?=`;
}
