import { exampleIds } from '../../../src/http/routes/example-ids.ts';
import type { Route, RouteExample } from '../../../src/http/route/route.ts';
import { letIn } from '../../security/support/let-in.ts';
import { adminPassword, type TestApp } from './app.ts';

/** Things that the examples of the documentation speak of, by the ids that they have there. */
export type World = Readonly<Record<string, string>>;

/** Makes an mcp, an execution, a user, a role, an API key, a secret and a grant for the examples. */
export async function makeWorld(app: TestApp, toolServerUrl: string): Promise<World> {
  const transport = { type: 'streamable-http', url: toolServerUrl };
  await expectStatus(201, app.request('POST', '/api/v1/mcps', { body: { name: exampleIds.mcp, transport } }));
  const body = { mcpId: exampleIds.mcp, tool: 'echo', arguments: { message: 'first' } };
  const execution = await expectStatus(200, app.request('POST', '/api/v1/executions', { body }));
  const user = await app.newUser();
  const role = { name: exampleIds.role, permissions: ['mcp:everything:read'] };
  await expectStatus(201, app.request('POST', '/api/v1/roles', { body: role }));
  const key = { name: 'of an example', scopes: ['mcp:read'] };
  const made = await expectStatus(201, app.request('POST', '/api/v1/api-keys', { body: key }));
  const kept = { name: 'of an example', value: 'Bearer example' };
  const secret = await expectStatus(201, app.request('POST', '/api/v1/secrets', { body: kept }));
  const admin = { username: 'admin', password: adminPassword };
  const { grantId } = await letIn(app, admin, { scope: 'mcp:read' });
  return {
    [exampleIds.execution]: (execution.body as { id: string }).id,
    [exampleIds.user]: user.id,
    [exampleIds.apiKey]: (made.body as { id: string }).id,
    [exampleIds.secret]: (secret.body as { id: string }).id,
    [exampleIds.oauthGrant]: grantId,
  };
}

/** Path and query of an example, with the ids of this world. */
export function addressOf(route: Route, { params = {}, query = {} }: RouteExample, world: World): string {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new Error(`${route.path}: the example has no ${name}`);
    return encodeURIComponent(world[value] ?? value);
  });
  const search = new URLSearchParams(query).toString();
  return search === '' ? path : `${path}?${search}`;
}

async function expectStatus<Reply extends { status: number; text: string }>(
  status: number,
  reply: Promise<Reply>,
): Promise<Reply> {
  const answered = await reply;
  if (answered.status !== status) throw new Error(`${answered.status}: ${answered.text}`);
  return answered;
}
