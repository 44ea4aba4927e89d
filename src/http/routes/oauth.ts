import type { Answer } from '../answer.ts';
import { answerStep, showStep } from '../oauth/interaction.ts';
import { endpoints } from '../oauth/provider.ts';
import { createBodyReader } from '../middleware/json-body.ts';
import { defaultClientLimits, limitRegistrations } from '../oauth/client-limits.ts';
import { registrable } from '../oauth/client-metadata.ts';
import { serving } from '../oauth/adapter.ts';
import { metadataPaths, oauthPath, type ResourceName } from '../oauth/resources.ts';
import { defaultScopes } from '../oauth/scopes.ts';
import { serveByProvider } from '../oauth/serve-provider.ts';
import type { OAuthServer } from '../oauth/server.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { defineRoute } from '../route/define-route.ts';
import type { RequestContext } from '../route/request-context.ts';
import type { Method, Route } from '../route/route.ts';
import type { RouteParts } from './parts.ts';

const wellKnown = '/.well-known';
/** The documents of RFC 8414 and of OpenID Connect Discovery, which put the name before the path and after it. */
const discovery = ['oauth-authorization-server', 'openid-configuration'];

/** More than a client has to say of itself. */
const metadataLimitBytes = 64 * 1024;

/** Letting clients in: the metadata of what is protected, and the authorization server. */
export function oauthRoutes(parts: RouteParts): readonly Route[] {
  const { oauth, coordination, settings } = parts;
  const readJson = createBodyReader(metadataLimitBytes);
  const served = (
    method: Method,
    path: string,
    summary: string,
    handler: (context: RequestContext) => Answer | Promise<Answer>,
    more: { readonly crossOrigin?: true } = {},
  ): Route =>
    defineRoute({
      method,
      path,
      summary,
      tags: ['oauth'],
      access: { public: true },
      undocumented: true,
      raw: true,
      responses: { 200: { description: 'As its standard says' } },
      handler: (_input, context) => handler(context),
      ...more,
    });
  const open = { crossOrigin: true } as const;
  const byProvider = (context: RequestContext) => serveByProvider(oauth, context);
  const tokens = (context: RequestContext) => serveByProvider(oauth, context, open);
  const register = async (context: RequestContext): Promise<Answer> => {
    const { request, response, remoteAddress } = context;
    // Where there is none, nothing is counted.
    oauth.provider();
    const limits = settings.oauthClients ?? defaultClientLimits;
    await limitRegistrations(coordination.rateLimits, limits, remoteAddress ?? '');
    return serveByProvider(oauth, context, { body: registrable(await readJson(request, response)), ...open });
  };
  const shown = (context: RequestContext, show: typeof showStep) =>
    serving.run(context, async (): Promise<Answer> => {
      const step = await show(parts, context);
      if ('sendOn' in step) return { kind: 'written', status: 303, write: () => serving.run(context, step.sendOn) };
      const { html, headers } = step.page;
      return { kind: 'text', status: step.status, contentType: 'text/html; charset=utf-8', headers, text: html };
    });
  const interaction = `${oauthPath}/interaction/{uid}`;

  return [
    ...(['api', 'mcp'] as const).map((resource) =>
      served(
        'get',
        metadataPaths[resource],
        'Metadata of the protected resource (RFC 9728)',
        () => ({ status: 200, headers: kept, body: resourceMetadata(oauth, resource) }),
        open,
      ),
    ),
    ...discovery.flatMap((name) =>
      [`${wellKnown}/${name}${oauthPath}`, `${oauthPath}${wellKnown}/${name}`].map((path) =>
        served(
          'get',
          path,
          'Metadata of the authorization server (RFC 8414)',
          (context) => serveByProvider(oauth, context, { path: `${wellKnown}/${name}`, ...open }),
          open,
        ),
      ),
    ),
    served('get', `${oauthPath}${endpoints.authorization}`, 'Ask a user for access', byProvider),
    served('get', `${oauthPath}${endpoints.authorization}/{uid}`, 'Go on after a step', byProvider),
    served('post', `${oauthPath}${endpoints.token}`, 'Exchange a code or a refresh token', tokens, open),
    served('post', `${oauthPath}${endpoints.revocation}`, 'Give a token back (RFC 7009)', byProvider),
    served('post', `${oauthPath}${endpoints.registration}`, 'Register a client (RFC 7591)', register, open),
    served('get', interaction, 'A step of a sign-in', (context) => shown(context, showStep)),
    served('post', interaction, 'The answer to a step of a sign-in', (context) => shown(context, answerStep)),
  ];
}

const kept = { 'Cache-Control': 'public, max-age=300' };

/** @throws HttpProblem 404 no authorization server gives tokens for it */
function resourceMetadata(oauth: OAuthServer, resource: ResourceName): Readonly<Record<string, unknown>> {
  const { origin, resources } = oauth.addresses();
  const servers = oauth.servers();
  if (servers.length === 0) throw new HttpProblem(404, 'oauth_unavailable', 'no authorization server gives tokens');
  return {
    resource: resources[resource],
    authorization_servers: servers,
    // What a client needs to be of use. It asks for more when it is told that more is needed.
    scopes_supported: defaultScopes,
    bearer_methods_supported: ['header'],
    resource_name: resource === 'api' ? 'Annals' : 'Annals MCP gateway',
    resource_documentation: `${origin}/api/docs`,
  };
}
