import type { McpEvent, VersionContent } from './events.ts';
import type { Offer } from './definition.ts';

export interface RegisteredMcp extends VersionContent {
  readonly status: 'active' | 'retired';
  /** Number of the newest version; `versions[version - 1]` is its content. */
  readonly version: number;
  readonly versions: readonly VersionContent[];
  /** The offer that was last reported as drift from the newest version. */
  readonly drift: Offer | null;
  readonly discoveryError: { readonly code: string; readonly message: string } | null;
}

export type McpState = { readonly status: 'unregistered' } | RegisteredMcp;

export const unregistered: McpState = { status: 'unregistered' };

/** Folds one event into the state of an mcp. Events of an unknown type leave it unchanged. */
export function evolveMcp(state: McpState, event: McpEvent): McpState {
  if (event.type === 'McpRegistered') {
    const content = { definition: event.data.definition, offer: null };
    return { status: 'active', version: 1, versions: [content], drift: null, discoveryError: null, ...content };
  }
  if (state.status === 'unregistered') return state;
  switch (event.type) {
    case 'McpVersionPublished': {
      const { definition, offer, version, pin } = event.data;
      const content = { definition, offer, pin };
      const versions = [...state.versions.slice(0, version - 1), content];
      return { ...state, ...content, version, versions, drift: null, discoveryError: null };
    }
    case 'ToolsDiscovered': {
      const content = { definition: state.definition, offer: event.data.offer, pin: state.pin };
      const versions = state.versions.with(event.data.version - 1, content);
      return { ...state, ...content, versions, drift: null, discoveryError: null };
    }
    case 'ToolDiscoveryFailed':
      return { ...state, discoveryError: { code: event.data.code, message: event.data.message } };
    case 'ToolDefinitionDrifted':
      return { ...state, drift: event.data.offer };
    case 'PackagesPinned': {
      const { version, pin } = event.data;
      const content = state.versions[version - 1];
      if (!content) return state;
      const versions = state.versions.with(version - 1, { ...content, pin });
      return { ...state, versions, ...(version === state.version && { pin }) };
    }
    case 'McpRetired':
      return { ...state, status: 'retired' };
    case 'McpRestored':
      return { ...state, status: 'active' };
    default:
      return state;
  }
}
