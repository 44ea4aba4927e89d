import type { SettingValue } from '../../domain/mcp/definition.ts';
import type { ResolvedSecret, ResolveSecret, SecretUse } from '../../ports/secret-use.ts';
import { UpstreamError } from '../../ports/upstream.ts';

/** Where no secrets are stored, naming one refuses the connection. */
export const noSecrets: ResolveSecret = async ({ secret }) => {
  throw new UpstreamError(
    'upstream_refused',
    `the secret ${JSON.stringify(secret)}: there is no store of secrets here`,
  );
};

export interface ResolvedSettings {
  readonly values: Readonly<Record<string, string>>;
  /** What came from secrets, so that it can be kept out of everything else. */
  readonly secrets: readonly ResolvedSecret[];
}

/** Puts secrets in the place of their names. @throws what `resolveSecret` throws */
export async function resolveSettings(
  settings: Readonly<Record<string, SettingValue>>,
  resolveSecret: ResolveSecret,
  use: SecretUse,
): Promise<ResolvedSettings> {
  const secrets: ResolvedSecret[] = [];
  const entries = await Promise.all(
    Object.entries(settings).map(async ([name, value]) => {
      if (typeof value === 'string') return [name, value] as const;
      const resolved = await resolveSecret(value, use);
      secrets.push(resolved);
      return [name, resolved.value] as const;
    }),
  );
  return { values: Object.fromEntries(entries), secrets };
}
