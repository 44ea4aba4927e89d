import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAnnals } from '../src/app/start.ts';
import { loadConfig } from '../src/config.ts';
import { authorize, type Asker } from '../src/domain/access/authorize.ts';
import { anything, everything } from '../src/domain/access/resource.ts';
import { roleNames, roles, type RoleName } from '../src/domain/access/roles.ts';
import type { Access, Route } from '../src/http/route/route.ts';
import { createPinoLogger } from '../src/infrastructure/logging/pino-logger.ts';
import { topicKinds } from '../src/http/ws/topic-by-name.ts';

const ways = ['rest', 'sse', 'websocket'] as const;
type Way = (typeof ways)[number];

/** How a request comes in, and by which credential: a session's where none is named. */
export type Transport = Way | `${Way}-api-key` | `${Way}-oauth`;
const transportsOf = (way: Way) => [way, `${way}-api-key`, `${way}-oauth`] as const;
export const transports: readonly Transport[] = ways.flatMap(transportsOf);

/** `own`: allowed, and somebody else's is as if it did not exist. */
export type Cell = 'allow' | 'own' | 'deny';

export interface MatrixRow {
  readonly route: string;
  readonly transport: Transport;
  /** `public` needs none. */
  readonly permission: string;
  /** Of one who has no credential. */
  readonly anonymous: 'allow' | 'deny';
  readonly roles: Readonly<Record<RoleName, Cell>>;
}

/**
 * Role × route × transport, decided by the function that decides on requests. API keys and OAuth tokens here have all that
 * their owner has.
 */
export function accessMatrix(routes: readonly Route[]): readonly MatrixRow[] {
  return [
    ...routes.flatMap(({ method, path, access, feed }) => {
      const route = `${method.toUpperCase()} ${path}`;
      return transportsOf(feed ? 'sse' : 'rest').map((transport) => rowOf(route, transport, access));
    }),
    ...topicKinds.flatMap(({ name, access }) =>
      transportsOf('websocket').map((transport) => rowOf(name, transport, access)),
    ),
  ];
}

function rowOf(route: string, transport: Transport, access: Access): MatrixRow {
  const isPublic = 'public' in access;
  return {
    route,
    transport,
    permission: isPublic ? 'public' : access.permission,
    anonymous: isPublic ? 'allow' : 'deny',
    roles: {
      admin: cellOf(access, transport, 'admin'),
      operator: cellOf(access, transport, 'operator'),
      developer: cellOf(access, transport, 'developer'),
      auditor: cellOf(access, transport, 'auditor'),
      viewer: cellOf(access, transport, 'viewer'),
    },
  };
}

function cellOf(access: Access, transport: Transport, role: RoleName): Cell {
  if ('public' in access) return 'allow';
  const bySession = !transport.includes('-');
  if (!bySession && access.session) return 'deny';
  const asker: Asker = { actor: 'user:of-the-role', roles: [role], ...(bySession ? {} : { scopes: roles[role] }) };
  const { permission, on, others } = access;
  if (!authorize(asker, permission, on === 'some' ? anything : everything).allowed) return 'deny';
  return others === undefined || authorize(asker, others, everything).allowed ? 'allow' : 'own';
}

/** `docs/access-matrix.json`: one row a line, so that a difference shows what changed. */
export function renderJson(rows: readonly MatrixRow[]): string {
  return `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`;
}

const signs: Readonly<Record<Cell, string>> = { allow: 'yes', own: 'own', deny: '–' };

/** `docs/access-matrix.md`. */
export function renderPage(rows: readonly MatrixRow[]): string {
  const lines = rows
    .filter(({ transport }) => !transport.includes('-'))
    .map((row) => {
      const sameBy = (credential: string): string => {
        const other = rows.find(
          ({ route, transport }) => route === row.route && transport === `${row.transport}-${credential}`,
        );
        return other !== undefined && roleNames.every((name) => other.roles[name] === row.roles[name]) ? 'yes' : '–';
      };
      const cells = [...roleNames.map((name) => signs[row.roles[name]]), sameBy('api-key'), sameBy('oauth')];
      const needs = row.permission === 'public' ? 'nothing' : `\`${row.permission}\``;
      return `| \`${row.route}\` | ${row.transport} | ${needs} | ${cells.join(' | ')} |`;
    });
  return `${[
    '# Who may do what',
    '',
    'Made from the route table by `npm run matrix`; the machine-readable form is [access-matrix.json](access-matrix.json).',
    'Every cell is tried on a started server by `tests/security/sec10-matrix.test.ts`. How permissions work is told in',
    '[permissions.md](permissions.md).',
    '',
    '`yes`: allowed. `own`: allowed, and what belongs to somebody else is answered as if it did not exist (404). `–`: refused',
    '(403) and recorded. API key, OAuth token: whether one with all scopes of its owner may do what the owner may.',
    '',
    `| route or topic | transport | needs | ${roleNames.join(' | ')} | API key | OAuth token |`,
    `|---|---|---|${roleNames.map(() => '---|').join('')}---|---|`,
    ...lines,
  ].join('\n')}\n`;
}

/** The route table of a server, started for it. */
async function routeTable(): Promise<readonly Route[]> {
  const directory = await mkdtemp(join(tmpdir(), 'annals-matrix-'));
  const config = loadConfig({ PORT: '0', ANNALS_DATA_DIR: directory });
  const logger = createPinoLogger({ level: 'error', format: 'json', destination: process.stderr });
  const annals = await startAnnals(config, { logger });
  try {
    return annals.http.routes;
  } finally {
    await annals.close();
    await rm(directory, { recursive: true });
  }
}

if (import.meta.main) {
  const docs = join(import.meta.dirname, '../docs');
  const rows = accessMatrix(await routeTable());
  await writeFile(join(docs, 'access-matrix.json'), renderJson(rows));
  await writeFile(join(docs, 'access-matrix.md'), renderPage(rows));
}
