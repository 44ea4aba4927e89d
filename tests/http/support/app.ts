import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../src/config.ts';
import { startAnnals } from '../../../src/app/start.ts';
import type { HttpSettings } from '../../../src/http/deps.ts';
import type { Route } from '../../../src/http/route/route.ts';
import { logLines, type LoggedLine } from '../../support/log-lines.ts';

export const adminPassword = 'test-admin-password';

/** An answer, read to its end. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly body: unknown;
}

export interface RequestOptions {
  /** Absent: the administrator's. null: none. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, with the Content-Type that `headers` says. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
}

export interface User {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly token: string;
  readonly refreshToken: string;
}

export interface TestApp {
  readonly url: string;
  readonly port: number;
  readonly routes: readonly Route[];
  readonly adminToken: string;
  /** Lines of the log, severity first. */
  readonly logged: readonly LoggedLine[];
  request(method: string, path: string, options?: RequestOptions): Promise<Reply>;
  /** Registers a person and gives these roles, or leaves the person with what registering gives. */
  newUser(roles?: readonly string[]): Promise<User>;
  logIn(username: string, password: string): Promise<{ accessToken: string; refreshToken: string; expiresIn: number }>;
  /** Position of the last event. */
  head(): Promise<number>;
  close(): Promise<void>;
}

interface TestAppOptions {
  /** Of the user admin, where `env` gives another one. */
  readonly adminPassword?: string;
  readonly http?: Partial<HttpSettings>;
  /** Where its data is, and stays; absent: a directory that goes with it. */
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The whole platform on a free port and a directory of its own. */
export async function startTestApp({ http = {}, env = {}, ...options }: TestAppOptions = {}): Promise<TestApp> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'annals-http-')));
  const config = loadConfig({
    PORT: '0',
    ANNALS_DATA_DIR: directory,
    ANNALS_ADMIN_PASSWORD: adminPassword,
    ANNALS_STDIO_ALLOW: 'node',
    ...env,
  });
  const logger = logLines();
  const annals = await startAnnals(config, { logger, http });
  const { url } = annals;

  const request = async (method: string, path: string, options: RequestOptions = {}): Promise<Reply> => {
    const { token = adminToken, headers = {}, body, raw } = options;
    const answer = await fetch(`${url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(raw === undefined ? {} : { body: raw }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, body: jsonOf(text) };
  };
  const logIn: TestApp['logIn'] = async (username, password) => {
    const reply = await request('POST', '/api/v1/auth/login', { token: null, body: { username, password } });
    if (reply.status !== 200) throw new Error(`log in: ${reply.status} ${reply.text}`);
    return reply.body as Awaited<ReturnType<TestApp['logIn']>>;
  };
  let adminToken = '';
  ({ accessToken: adminToken } = await logIn('admin', options.adminPassword ?? adminPassword));
  let users = 0;

  return {
    url,
    port: Number(new URL(url).port),
    routes: annals.http.routes,
    adminToken,
    logged: logger.lines,
    request,
    logIn,
    async newUser(roles) {
      const username = `user${++users}`;
      const password = `password of ${username}`;
      const body = { username, email: `${username}@example.org`, password };
      const { id } = (await request('POST', '/api/v1/auth/register', { token: null, body })).body as { id: string };
      if (roles) {
        const set = await request('PUT', `/api/v1/users/${id}/roles`, { body: { roles } });
        if (set.status !== 200) throw new Error(`set roles: ${set.status} ${set.text}`);
      }
      const { accessToken, refreshToken } = await logIn(username, password);
      return { id, username, password, token: accessToken, refreshToken };
    },
    async head() {
      const reply = await request('GET', '/api/v1/system');
      return (reply.body as { log: { position: number } }).log.position;
    },
    async close() {
      await annals.close();
      if (options.directory === undefined) await rm(directory, { recursive: true });
    },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
