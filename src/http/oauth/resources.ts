/** What tokens of the authorization server can be for. One for the one is refused by the other (RFC 8707). */
export type ResourceName = 'api' | 'mcp';

/** The addresses by which this server is known. They go into tokens, so all processes have to say the same. */
export interface OAuthAddresses {
  /** `https://annals.example.com`, without a slash at the end. */
  readonly origin: string;
  /** Of the tokens that our own authorization server issues. */
  readonly issuer: string;
  /** The audiences. */
  readonly resources: Readonly<Record<ResourceName, string>>;
}

/** Where the authorization server is mounted. */
export const oauthPath = '/oauth';
export const mcpPath = '/mcp';

export function addressesOf(origin: string): OAuthAddresses {
  return {
    origin,
    issuer: `${origin}${oauthPath}`,
    resources: { api: origin, mcp: `${origin}${mcpPath}` },
  };
}

/** The resource that an indicator names; one that says `/` where we say nothing means the same. */
export function resourceNamed({ resources }: OAuthAddresses, indicator: string): ResourceName | undefined {
  const plain = indicator.replace(/\/$/, '');
  if (plain === resources.api) return 'api';
  return plain === resources.mcp ? 'mcp' : undefined;
}

/** Where the metadata of a resource is (RFC 9728, 3.1). */
export function metadataAddress({ origin }: OAuthAddresses, resource: ResourceName): string {
  return `${origin}${metadataPaths[resource]}`;
}

export const metadataPaths: Readonly<Record<ResourceName, string>> = {
  api: '/.well-known/oauth-protected-resource',
  mcp: `/.well-known/oauth-protected-resource${mcpPath}`,
};
