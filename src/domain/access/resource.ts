/** An mcp, as far as permissions look at it. */
export interface McpSubject {
  readonly id: string;
  readonly name: string;
  /** Who registered it, as events name him; null where that is not known. */
  readonly owner: string | null;
}

/** What somebody wants to do something with. */
export type Resource =
  /** No single thing: the platform, or all of a kind. */
  | { readonly kind: 'everything' }
  /** Something or other of the kind: the question of a way in that asks again when it knows what exactly. */
  | { readonly kind: 'anything' }
  | { readonly kind: 'mcp'; readonly mcp: McpSubject }
  | { readonly kind: 'tool'; readonly mcp: McpSubject; readonly tool: string }
  /** Something that is its owner's, and of those who may do this with everybody's. */
  | { readonly kind: 'owned'; readonly owner: string };

export const everything: Resource = { kind: 'everything' };
export const anything: Resource = { kind: 'anything' };
