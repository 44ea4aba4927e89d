/** A stored secret by its name: a shared one, or with the scope `user` the one of that name that the caller has. */
export interface SecretReference {
  readonly secret: string;
  readonly scope?: 'user';
}

/** A value given in clear, or by the name of a stored secret. */
export type SettingValue = string | SecretReference;

export type Transport =
  | {
      readonly type: 'stdio';
      readonly command: string;
      readonly args?: readonly string[];
      readonly env?: Readonly<Record<string, SettingValue>>;
      readonly cwd?: string;
    }
  | {
      readonly type: 'streamable-http';
      readonly url: string;
      readonly headers?: Readonly<Record<string, SettingValue>>;
    }
  | { readonly type: 'sse'; readonly url: string; readonly headers?: Readonly<Record<string, SettingValue>> };

export type JsonSchema = Readonly<Record<string, unknown>>;

/** A tool as its server describes it (MCP `Tool`). Fields this product does not read are kept. */
export interface ToolDefinition {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema: JsonSchema;
  readonly outputSchema?: JsonSchema;
  readonly annotations?: Readonly<Record<string, unknown>>;
  readonly [extension: string]: unknown;
}

export interface NamedDefinition {
  readonly name: string;
  readonly [extension: string]: unknown;
}

/** What a server offers, as discovered: the lists of the MCP protocol, all pages, in the server's order. */
export interface Offer {
  readonly tools: readonly ToolDefinition[];
  readonly prompts: readonly NamedDefinition[];
  readonly resources: readonly NamedDefinition[];
  readonly resourceTemplates: readonly NamedDefinition[];
  readonly server: { readonly name: string; readonly version: string; readonly protocolVersion: string };
}

/** What a person decides about an mcp; the rest is discovered. */
export interface McpDefinition {
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly transport: Transport;
}
