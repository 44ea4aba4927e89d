/** Ways to a token that there are here. */
const grantTypes: ReadonlySet<unknown> = new Set(['authorization_code', 'refresh_token']);

type Metadata = Readonly<Record<string, unknown>>;

/**
 * What a client asked to be registered as, made what it can be here, as RFC 7591 (3.2.1) lets a server do: the answer
 * tells the client. Clients have no secret, no scopes of their own (each request names its scopes), and the grant types
 * that there are.
 */
export function registrable(asked: unknown): unknown {
  // What is no metadata at all, the authorization server refuses in its own words.
  if (!isMetadata(asked)) return asked ?? null;
  const { client_secret: _, token_endpoint_auth_method: __, ...rest } = withinReach(asked);
  return { ...rest, token_endpoint_auth_method: 'none' };
}

/** The same of a metadata document, whose way to authenticate is its publisher's to say: another than `none` is refused. */
function withinReach({ scope: _, ...metadata }: Metadata): Metadata {
  const { grant_types: asked } = metadata;
  if (!Array.isArray(asked)) return metadata;
  return { ...metadata, grant_types: asked.filter((type) => grantTypes.has(type)) };
}

/** Reads a metadata document within reach; every other answer is as it was. */
export async function documentWithinReach(answer: Response): Promise<Response> {
  if (answer.status !== 200) return answer;
  const text = await answer.text();
  const { status, headers } = answer;
  return new Response(adjusted(text), { status, headers });
}

function adjusted(text: string): string {
  try {
    const document: unknown = JSON.parse(text);
    return isMetadata(document) ? JSON.stringify(withinReach(document)) : text;
  } catch (error) {
    // Who reads it says what is wrong with it.
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

function isMetadata(value: unknown): value is Metadata {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
