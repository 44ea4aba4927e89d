/**
 * Version 1 did not keep the mcp's name, and had only synchronous calls with a fixed timeout. A name that was not kept
 * cannot be known here, so the mcp's id stands for it.
 */
export function upcastExecutionRequested(data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { mcpName: data['mcpId'], mode: 'sync', timeoutMs: 30_000, ...data };
}
