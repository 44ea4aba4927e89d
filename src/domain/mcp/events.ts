import type { DomainEvent } from '../event.ts';
import type { McpDefinition, Offer } from './definition.ts';
import type { Change } from './diff/changes.ts';
import type { PackagePin } from './packages.ts';

/** Everything that makes up one version of an mcp. */
export interface VersionContent {
  readonly definition: McpDefinition;
  /** What the server offered when asked; null until it was reached. */
  readonly offer: Offer | null;
  /** The packages that it starts; absent while nobody has looked, and where it starts none. */
  readonly pin?: PackagePin | undefined;
}

export type McpRegistered = DomainEvent<'McpRegistered', { readonly definition: McpDefinition }>;

/** Carries the whole content, so that a reader of one version needs no other event. */
export type McpVersionPublished = DomainEvent<
  'McpVersionPublished',
  VersionContent & {
    readonly version: number;
    readonly reason: 'change' | 'discovery' | 'rollback';
    /** The version whose content this one repeats, when the reason is `rollback`. */
    readonly rolledBackTo?: number;
  }
>;

/** The server of a version was asked for the first time, or offers again what the version says after it did not. */
export type ToolsDiscovered = DomainEvent<'ToolsDiscovered', { readonly version: number; readonly offer: Offer }>;

export type ToolDiscoveryFailed = DomainEvent<
  'ToolDiscoveryFailed',
  { readonly version: number; readonly code: string; readonly message: string }
>;

/**
 * The server offers other things than its published version says. Recorded once for each new offer. The tools it names are
 * in quarantine until a version says what they are now.
 */
export type ToolDefinitionDrifted = DomainEvent<
  'ToolDefinitionDrifted',
  {
    readonly version: number;
    readonly offer: Offer;
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly changed: readonly string[];
    /** What differs in the tools; absent in events of before it was told, and never more than a thousand. */
    readonly changes?: readonly Change[];
  }
>;

/** It was found out what stands behind the packages that a version starts, before they were started. */
export type PackagesPinned = DomainEvent<'PackagesPinned', { readonly version: number; readonly pin: PackagePin }>;

export type McpRetired = DomainEvent<'McpRetired', Record<string, never>>;
export type McpRestored = DomainEvent<'McpRestored', Record<string, never>>;

export type McpEvent =
  | McpRegistered
  | McpVersionPublished
  | ToolsDiscovered
  | ToolDiscoveryFailed
  | ToolDefinitionDrifted
  | PackagesPinned
  | McpRetired
  | McpRestored;
