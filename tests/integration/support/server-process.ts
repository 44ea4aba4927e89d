import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Reply, RequestOptions } from '../../http/support/app.ts';
import type { Api } from './api.ts';

export const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
export const adminPassword = 'test-admin-password';

export interface ServerOptions {
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of Node itself. */
  readonly nodeArgs?: readonly string[];
  /** Where compiled modules are kept from one start to the next. */
  readonly compileCache?: string;
  /** An access token that is good already; absent: the administrator logs in. */
  readonly token?: string;
  /** Told whatever it writes to its standard output. */
  readonly onSaid?: (text: string) => void;
}

/** The platform in a process of its own, as its users start it. */
export interface ServerProcess extends Api {
  readonly pid: number;
  readonly child: ChildProcess;
  /** What it wrote so far: to its standard output the banner and its log (JSON lines), and to its standard error. */
  readonly said: { readonly out: string; readonly error: string };
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | string>;
  /** Asks it to end, as an operator does. @returns the exit code */
  stop(): Promise<number | string>;
  kill(): Promise<void>;
}

/** The environment of a process that knows nothing of who runs the tests. */
export function environmentOf({
  dataDir,
  env = {},
  compileCache,
}: Pick<ServerOptions, 'dataDir' | 'env' | 'compileCache'>): NodeJS.ProcessEnv {
  const { PATH, HOME, LANG, TMPDIR } = process.env;
  return {
    ...Object.fromEntries(Object.entries({ PATH, HOME, LANG, TMPDIR }).filter(([, value]) => value !== undefined)),
    PORT: '0',
    ANNALS_DATA_DIR: dataDir,
    ANNALS_ADMIN_PASSWORD: adminPassword,
    ANNALS_STDIO_ALLOW: 'node',
    ...(compileCache === undefined ? {} : { NODE_COMPILE_CACHE: compileCache }),
    ...env,
  };
}

/** Starts a server that may refuse to start. `url` is there once it listens, and undefined when it ends before. */
export function launch(options: ServerOptions) {
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), main, 'serve'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: tmpdir(),
    env: environmentOf(options),
  });
  const said = { out: '', error: '' };
  child.stderr.on('data', (chunk: Buffer) => (said.error += chunk.toString()));
  const exited = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  const listening = new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said.out += chunk.toString();
      options.onSaid?.(chunk.toString());
      const url = /address +(http\S+)\n/.exec(said.out)?.[1];
      if (url !== undefined) resolve(url);
    });
  });
  const url = Promise.race([listening, exited.then(() => undefined)]);
  return { child, exited, url, said };
}

/** Starts the platform and waits until it listens. @throws Error with what it said when it does not */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const { child, exited, url: listening, said } = launch(options);
  const url = await listening;
  if (url === undefined) throw new Error(`the platform did not start: ${await exited}\n${said.out}${said.error}`);
  const api = options.token === undefined ? await apiAt(url, adminPassword) : apiOf(url, options.token);
  return {
    ...api,
    pid: child.pid ?? 0,
    child,
    said,
    exited,
    async stop() {
      child.kill('SIGTERM');
      return exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** The API of a server that runs, as its administrator. @throws Error he cannot log in */
export async function apiAt(url: string, password: string): Promise<Api> {
  const body = { username: 'admin', password };
  const reply = await send(url, '', 'POST', '/api/v1/auth/login', { token: null, body });
  if (reply.status !== 200) throw new Error(`log in: ${reply.status} ${reply.text}`);
  return apiOf(url, (reply.body as { accessToken: string }).accessToken);
}

function apiOf(url: string, token: string): Api {
  return { url, adminToken: token, request: (method, path, asked = {}) => send(url, token, method, path, asked) };
}

async function send(url: string, own: string, method: string, path: string, asked: RequestOptions): Promise<Reply> {
  const { token = own, headers = {}, body, raw } = asked;
  const answer = await fetch(`${url}${path}`, {
    method,
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
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
