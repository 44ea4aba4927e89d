import type { z } from 'zod';
import { ConfigError, type ConfigProblem } from './config/config-error.ts';
import { isLoopback } from './config/loopback.ts';
import type { Setting } from './config/setting.ts';
import { roles, settings } from './config/settings.ts';
import { problemsOfUnknownNames } from './config/unknown-names.ts';
import { weaknessOfPassword } from './config/weak-secrets.ts';

type Values = { readonly [Key in keyof typeof settings]: z.output<(typeof settings)[Key]['schema']> };

/** The settings of one process, checked. Durations are milliseconds, sizes bytes. */
export interface Config extends Values {
  /** Only this machine can reach it: `host` is a loopback address. */
  readonly listensOnLoopback: boolean;
}

/**
 * Reads every setting from the environment. An empty value counts as unset.
 * @throws ConfigError naming everything that is wrong, unknown names included
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const table: Readonly<Record<string, Setting>> = settings;
  const problems: ConfigProblem[] = [];
  const values: Record<string, unknown> = {};

  for (const [key, setting] of Object.entries(table)) {
    // A password may begin or end with a space; around anything else it is a slip.
    const given = setting.secret === true ? env[setting.name] : env[setting.name]?.trim();
    const parsed = setting.schema.safeParse(given === '' ? undefined : given);
    if (parsed.success) values[key] = parsed.data;
    else for (const issue of parsed.error.issues) problems.push(problemOf(setting, given, issue.message));
  }

  problems.push(
    ...problemsAcross(values),
    ...problemsOfUnknownNames(
      env,
      Object.values(table).map(({ name }) => name),
    ),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  const checked = values as Values;
  return { ...checked, listensOnLoopback: isLoopback(checked.host) };
}

function problemOf(setting: Setting, given: string | undefined, message: string): ConfigProblem {
  const shown = given === undefined || setting.secret === true ? '' : `(${JSON.stringify(given.slice(0, 80))}) `;
  const example = setting.secret === true ? setting.example : `${setting.name}=${setting.example}`;
  return { name: setting.name, detail: `${shown}${message}`, example };
}

/** Rules over several settings. Values that were refused by themselves are absent here. */
function problemsAcross(values: Partial<Values>): readonly ConfigProblem[] {
  const { host, adminPassword, accessTokenTtlMs, refreshTokenTtlMs, jwtSecret, masterKey } = values;
  const problems: ConfigProblem[] = [];

  if (adminPassword !== undefined && host !== undefined) {
    const isPublic = !isLoopback(host);
    const weakness = weaknessOfPassword(adminPassword, isPublic ? 12 : 8);
    if (weakness !== undefined && (isPublic || [...adminPassword].length < 8)) {
      const { name, example } = settings.adminPassword;
      problems.push({ name, detail: `${weakness}${isPublic ? ` (ANNALS_HOST ${host} is public)` : ''}`, example });
    }
  }
  if (accessTokenTtlMs !== undefined && refreshTokenTtlMs !== undefined && refreshTokenTtlMs <= accessTokenTtlMs) {
    const { name } = settings.refreshTokenTtlMs;
    problems.push({ name, detail: `must be longer than ${settings.accessTokenTtlMs.name} (${accessTokenTtlMs})` });
  }
  if (jwtSecret !== undefined && jwtSecret === masterKey) {
    const { name, example } = settings.masterKey;
    problems.push({ name, detail: `must differ from ${settings.jwtSecret.name}`, example });
  }
  return [...problems, ...problemsOfIssuers(values), ...problemsOfSharing(values)];
}

/** What a provider says of somebody must not be changed on its way. */
function problemsOfIssuers(values: Partial<Values>): readonly ConfigProblem[] {
  return (['oidcIssuer', 'oauthIssuer'] as const).flatMap((key) => {
    const issuer = values[key];
    if (issuer === undefined) return [];
    const { protocol, hostname } = new URL(issuer);
    if (protocol === 'https:' || isLoopback(hostname)) return [];
    const { name, example } = settings[key];
    return [{ name, detail: 'must be https', example }];
  });
}

/** What several processes share has to be somewhere that all of them reach. */
function problemsOfSharing(values: Partial<Values>): readonly ConfigProblem[] {
  // What was given and refused is absent, and has its problem already.
  const needs = (keys: readonly (keyof Values)[], why: string): readonly ConfigProblem[] =>
    keys
      .filter((key) => key in values && values[key] === undefined)
      .map((key) => ({ name: settings[key].name, detail: `is needed ${why}`, example: settings[key].example }));
  const { eventStoreUrl, roles: chosen = roles } = values;
  return [
    ...(eventStoreUrl === undefined
      ? []
      : needs(
          ['jwtSecret', 'masterKey'],
          `when ${settings.eventStoreUrl.name} is set: every process on that log has to use the same`,
        )),
    ...(chosen.length === roles.length
      ? []
      : needs(
          ['eventStoreUrl', 'sqlUrl', 'documentsUrl', 'searchUrl'],
          `when ${settings.roles.name} leaves something to other processes: they have to share it`,
        )),
  ];
}
