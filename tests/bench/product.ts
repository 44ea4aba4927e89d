import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPinned, type Pinned } from './pinned.ts';

const adminPassword = 'a password for benchmarks only';
const [jwtSecret, masterKey] = [randomBytes(48), randomBytes(48)].map((key) => key.toString('base64url')) as [
  string,
  string,
];

export interface Product {
  readonly port: number;
  readonly pid: number;
  /** Access token of the administrator. */
  readonly token: string;
  request(method: string, path: string, body?: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

export interface ProductOptions {
  /** Kept afterwards; absent: one that is made and removed. */
  readonly dataDir?: string;
  readonly nodeArgs?: readonly string[];
  /** Settings besides those that every benchmark has. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default true. */
  readonly logIn?: boolean;
}

/** Starts the platform as its users do, on core 0 and a directory of its own, and logs in. */
export async function startProduct(options: ProductOptions = {}): Promise<Product> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'annals-bench-'));
  // With the flag that `npm start` has.
  const program = ['--max-semi-space-size=8', ...(options.nodeArgs ?? []), 'src/main.ts', 'serve'];
  const server: Pinned = await startPinned(0, program, /address +http:\/\/127\.0\.0\.1:(\d+)/, {
    PORT: '0',
    ANNALS_DATA_DIR: dataDir,
    ANNALS_ADMIN_PASSWORD: adminPassword,
    ANNALS_LOG_LEVEL: 'warn',
    // Given, so that it starts on a log that was written for the occasion.
    ANNALS_JWT_SECRET: jwtSecret,
    ANNALS_MASTER_KEY: masterKey,
    ...options.env,
  });
  const port = Number(server.ready[1]);
  let token = '';
  const request = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  if (options.logIn !== false) {
    const credentials = { username: 'admin', password: adminPassword };
    ({ accessToken: token } = (await request('POST', '/api/v1/auth/login', credentials)) as { accessToken: string });
  }
  return {
    port,
    pid: server.child.pid ?? 0,
    token,
    request,
    async stop() {
      await server.stop();
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Registers the upstream server under a name. @returns the mcp's id */
export async function registerUpstream(product: Product, url: string, name = 'fast'): Promise<string> {
  const definition = { name, transport: { type: 'streamable-http', url } };
  const { id } = (await product.request('POST', '/api/v1/mcps', definition)) as { id: string };
  return id;
}

/** Waits until every read model has taken in the whole log. */
export async function caughtUp(product: Product): Promise<void> {
  for (;;) {
    const { items } = (await product.request('GET', '/api/v1/projections')) as { items: { lag: number }[] };
    if (items.every(({ lag }) => lag === 0)) return;
  }
}
