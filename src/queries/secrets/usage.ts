import { sql } from 'kysely';
import type { Asker } from '../../domain/access/authorize.ts';
import type { Transport } from '../../domain/mcp/definition.ts';
import { settingsOf } from '../../domain/mcp/credentials.ts';
import { mcps } from '../../projections/mcps/projection.ts';
import { nameKey, type McpRow } from '../../projections/mcps/row.ts';
import type { QueryDeps } from '../deps.ts';
import { readableBy } from '../mcps/readable.ts';
import { reachPosition } from '../time-travel/as-of.ts';

/** An mcp in use whose newest version names a secret. */
export interface SecretUser {
  readonly mcpId: string;
  readonly name: string;
  /** `headers/Authorization`, `env/API_KEY`. */
  readonly settings: readonly string[];
}

/** Which secret, as transports name it. */
export interface NamedSecret {
  readonly name: string;
  readonly scope: 'shared' | 'user' | 'mcp';
}

export interface SecretUsers {
  readonly seen: readonly SecretUser[];
  /** How many more there are, which the reader may not see. */
  readonly unseen: number;
}

/**
 * The mcps in use whose newest version names a secret: of a personal one, those that ask for the caller's secret of that
 * name. As of the last event.
 * @throws StoreUnavailable the read model is far behind
 */
export async function usersOfSecret(deps: QueryDeps, secret: NamedSecret, reader: Asker): Promise<SecretUsers> {
  await reachPosition(deps, mcps.name, await deps.store.head());
  // Every engine can look for a text in a text; which of what it finds is meant, is told by the transport itself.
  const query = sql<McpRow>`
    select * from ${sql.table(mcps.name)}
    where status = 'active' and instr(transport, ${'"secret"'}) > 0 order by name_key`;
  const { rows } = await query.execute(deps.models.relational(mcps.name));
  const mayRead = readableBy(reader);
  const seen: SecretUser[] = [];
  let unseen = 0;
  for (const row of rows) {
    const settings = settingsThatName(secret, JSON.parse(row.transport) as Transport);
    if (settings.length === 0) continue;
    if (mayRead.every(({ matches }) => matches(row))) seen.push({ mcpId: row.id, name: row.name, settings });
    else unseen++;
  }
  return { seen, unseen };
}

function settingsThatName({ name, scope }: NamedSecret, transport: Transport): readonly string[] {
  const key = nameKey(name);
  return settingsOf(transport)
    .filter(({ value }) => {
      if (typeof value === 'string' || (value.scope === 'user') !== (scope === 'user')) return false;
      return scope === 'mcp' ? value.secret === name : nameKey(value.secret) === key;
    })
    .map((setting) => `${setting.kind}/${setting.name}`);
}
