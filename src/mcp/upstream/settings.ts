import type { SettingValue } from '../../domain/mcp/definition.ts';
import { UpstreamError } from '../../ports/upstream.ts';

export type ResolveSecret = (name: string) => Promise<string>;

/** Until there is a store of secrets, naming one refuses the connection. */
export const noSecrets: ResolveSecret = async (name) => {
  throw new UpstreamError('upstream_refused', `the secret ${JSON.stringify(name)}: secrets are not available yet`);
};

export interface ResolvedSettings {
  readonly values: Readonly<Record<string, string>>;
  /** The values that came from secrets, so that they can be kept out of logs. */
  readonly secrets: readonly string[];
}

/** Puts secrets in the place of their names. @throws what `resolveSecret` throws */
export async function resolveSettings(
  settings: Readonly<Record<string, SettingValue>>,
  resolveSecret: ResolveSecret,
): Promise<ResolvedSettings> {
  const secrets: string[] = [];
  const entries = await Promise.all(
    Object.entries(settings).map(async ([name, value]) => {
      if (typeof value === 'string') return [name, value] as const;
      const secret = await resolveSecret(value.secret);
      secrets.push(secret);
      return [name, secret] as const;
    }),
  );
  return { values: Object.fromEntries(entries), secrets };
}

/** Blacks out secrets in a text. Shorter ones than four characters would black out everything else. */
export function blackOut(text: string, secrets: readonly string[]): string {
  return secrets
    .filter(({ length }) => length >= 4)
    .reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text);
}
