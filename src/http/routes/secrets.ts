import { z } from 'zod';
import { sharedSecretId } from '../../commands/secrets/resolve.ts';
import { changeSecret, createSecret, deleteSecret } from '../../commands/secrets/secrets.ts';
import type { Outcome } from '../../commands/transaction.ts';
import { DomainError } from '../../domain/error.ts';
import { may, type Principal } from '../../domain/access/principal.ts';
import { getSecret, listSecrets, type SecretViewer } from '../../queries/secrets/secrets.ts';
import { usersOfSecret, type NamedSecret } from '../../queries/secrets/usage.ts';
import { ok, type JsonAnswer } from '../answer.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { asOfParam, idOrNameParam, idParam, listQuery, momentQuery, yesOrNo } from '../schemas/params.ts';
import { rewrap, secret, secretInput, secretPage, secretPatch, secretUsage } from '../schemas/secret.ts';
import { exampleIds } from './example-ids.ts';
import { isId, resolveMcpId } from './mcp-id.ts';
import type { RouteParts } from './parts.ts';

const params = z.strictObject({ id: idOrNameParam });
const example = { id: exampleIds.secret };

/** Values that mcps use and nobody sees. */
export function secretRoutes({ commands, queries, secretChanges, rewrapping }: RouteParts): readonly Route[] {
  const idOf = async (idOrName: string): Promise<string> => {
    if (isId(idOrName)) return idOrName.toLowerCase();
    const id = await sharedSecretId(commands, idOrName);
    if (id === undefined) throw new DomainError('not_found', 'secret_not_found', 'there is no such secret');
    return id;
  };
  const idsOf = (mcps: readonly string[]): Promise<readonly string[]> =>
    Promise.all(mcps.map((idOrName) => resolveMcpId(commands, idOrName)));
  /** From the log, as its last event left it. */
  const changed = async (
    id: string,
    principal: Principal,
    { revision, position }: Pick<Outcome<unknown>, 'revision' | 'position'>,
  ): Promise<JsonAnswer> => {
    const { resource } = await getSecret(queries, viewerOf(principal), id, { revision });
    return { status: 200, body: resource, revision, position };
  };

  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/secrets',
      summary: 'List secrets',
      description: 'Never their values. Personal ones of others only with the permission secret:manage.',
      tags: ['secrets'],
      access: { permission: 'secret:read' },
      reads: 'secrets',
      request: {
        query: z.strictObject({
          ...listQuery,
          name: z.string().min(1).max(300).exactOptional(),
          scope: z.enum(['shared', 'user', 'mcp']).exactOptional(),
          status: z.enum(['active', 'deleted']).exactOptional(),
          owner: z.string().min(1).max(300).exactOptional(),
          mcpId: idParam.exactOptional(),
          asOf: asOfParam.exactOptional(),
        }),
      },
      responses: { 200: { description: 'A page of secrets', schema: secretPage } },
      examples: [{ summary: 'Those that mcps may name', query: { scope: 'shared', status: 'active' } }],
      handler: async ({ query }, { principal }) => ok(await listSecrets(queries, viewerOf(principal), query)),
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/secrets',
      summary: 'Keep a secret',
      description:
        'A transport then names it in the place of a value: `{"secret": "name"}`, or `{"secret": "name", "scope": "user"}` ' +
        'for the one that each caller keeps for himself.',
      tags: ['secrets'],
      access: { permission: 'secret:write' },
      request: { body: secretInput },
      responses: { 201: { description: 'Kept', schema: secret } },
      examples: [
        {
          summary: 'What goes into the header Authorization',
          body: { name: 'github token', value: 'Bearer example', description: 'Of the account that files issues' },
        },
      ],
      async handler({ body: { mcps = [], ...content } }, context) {
        const id = context.commandId;
        const outcome = await createSecret(commands, context.command(), { ...content, mcps: await idsOf(mcps) });
        const answer = await changed(id, context.principal, outcome);
        return { ...answer, status: 201, headers: { Location: `/api/v1/secrets/${id}` } };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/secrets/rewrap',
      summary: 'Seal what is stored with the new master key',
      description:
        'After a start with another ANNALS_MASTER_KEY and the old one as ANNALS_MASTER_KEY_PREVIOUS. Everything is served ' +
        'meanwhile; one that was broken off is gone on with.',
      tags: ['secrets'],
      access: { permission: 'secret:manage' },
      responses: { 202: { description: 'Begun; Location tells how far it is', schema: rewrap } },
      examples: [{ summary: 'Everything' }],
      async handler(_, context) {
        const body = await rewrapping.start(context.command());
        return { status: 202, headers: { Location: '/api/v1/secrets/rewrap' }, body };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/secrets/rewrap',
      summary: 'Read how far the new master key seals what is stored',
      tags: ['secrets'],
      access: { permission: 'secret:manage' },
      responses: {
        200: { description: 'The progress, and whether the old master key is needed still', schema: rewrap },
      },
      examples: [{ summary: 'Now' }],
      handler: async () => ok(await rewrapping.status()),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/secrets/{id}',
      summary: 'Read what is known of a secret',
      description: 'Not its value, which nobody can read. `{id}` may be the name of a shared one.',
      tags: ['secrets'],
      access: { permission: 'secret:read', others: 'secret:manage' },
      reads: 'secrets',
      versioned: true,
      request: { params, query: z.strictObject(momentQuery) },
      responses: { 200: { description: 'The secret, without its value', schema: secret } },
      examples: [{ summary: 'By id', params: example }],
      async handler({ params: { id }, query }, { principal }) {
        const { resource, revision } = await getSecret(queries, viewerOf(principal), id, query);
        return ok(resource, revision);
      },
    }),
    defineRoute({
      method: 'patch',
      path: '/api/v1/secrets/{id}',
      summary: 'Change a secret',
      description:
        'Another value makes the next version; connections that use the secret are made anew for the calls that follow.',
      tags: ['secrets'],
      access: { permission: 'secret:write', others: 'secret:manage' },
      conditional: true,
      request: { params, body: secretPatch },
      responses: { 200: { description: 'The secret, without its value', schema: secret } },
      examples: [{ summary: 'Another value', params: example, body: { value: 'Bearer another example' } }],
      async handler({ params, body: { mcps, ...change } }, context) {
        const id = await idOf(params.id);
        const more = mcps === undefined ? {} : { mcps: await idsOf(mcps) };
        const outcome = await changeSecret(commands, context.command(), id, { ...change, ...more });
        await secretChanges.caughtUp(outcome.position);
        return changed(id, context.principal, outcome);
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/api/v1/secrets/{id}',
      summary: 'Delete a secret',
      description:
        'Refused while mcps in use name it, unless it is forced: their calls then fail. The name of a shared secret stays ' +
        'taken, because old versions of mcps may name it.',
      tags: ['secrets'],
      access: { permission: 'secret:write', others: 'secret:manage' },
      conditional: true,
      problems: [409],
      request: { params, query: z.strictObject({ force: yesOrNo.exactOptional() }) },
      responses: { 204: { description: 'Deleted' } },
      examples: [{ summary: 'By id', params: example }],
      async handler({ params, query: { force = false } }, context) {
        const id = await idOf(params.id);
        const usedBy = async (secret: NamedSecret): Promise<readonly string[]> => {
          if (force || secret.scope === 'user') return [];
          const { seen, unseen } = await usersOfSecret(queries, secret, context.principal);
          return [...seen.map(({ name }) => name), ...(unseen === 0 ? [] : [`${unseen} that you may not see`])];
        };
        const { position } = await deleteSecret(commands, context.command(), id, usedBy);
        await secretChanges.caughtUp(position);
        return { status: 204, position };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/secrets/{id}/usage',
      summary: 'The mcps in use that name a secret',
      tags: ['secrets'],
      access: { permission: 'secret:read', others: 'secret:manage' },
      request: { params },
      responses: { 200: { description: 'All of them', schema: secretUsage } },
      examples: [{ summary: 'By id', params: example }],
      async handler({ params: { id } }, { principal }) {
        const { resource } = await getSecret(queries, viewerOf(principal), id, {});
        const { seen: items } = await usersOfSecret(queries, resource, principal);
        return ok({ items, nextCursor: null });
      },
    }),
  ];
}

function viewerOf(principal: Principal): SecretViewer {
  return { actor: principal.actor, seesAll: may(principal, 'secret:manage') };
}
