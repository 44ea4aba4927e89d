/** The answer of `tools/call` (MCP `CallToolResult`), fields this product does not read included. */
export interface ToolResult {
  readonly content: readonly ContentBlock[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
  readonly isError?: boolean;
  readonly [extension: string]: unknown;
}

export interface ContentBlock {
  readonly type: string;
  readonly [field: string]: unknown;
}
