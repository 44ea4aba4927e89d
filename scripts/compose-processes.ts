/**
 * Starts what docker-compose.yml runs of Annals as plain processes, without Docker: the same services, commands, settings
 * and health checks, on engines that run already. `npm run compose-processes -- --help`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, parseEnv } from 'node:util';
import { annalsServices, healthCheck, root, type AnnalsService } from './compose-file.ts';

const help = `Starts the services of Annals in docker-compose.yml as plain processes, on engines that run already.

  npm run compose-processes -- [--env FILE] [--data DIR]

  --env FILE   the variables of the Compose file, as deploy/make-env.sh writes them (.env)
  --data DIR   where the services keep their files (a temporary directory, removed at the end)

The addresses of the engines are taken from ANNALS_EVENTSTORE_URL, ANNALS_KAFKA_BROKERS, ANNALS_SQL_URL,
ANNALS_DOCUMENTS_URL, ANNALS_SEARCH_URL and ANNALS_REDIS_URL of this environment, which must all be set;
ANNALS_ENGINE_PREFIX may be. Ends all of them on Ctrl-C.
`;

const engineSettings = ['EVENTSTORE_URL', 'KAFKA_BROKERS', 'SQL_URL', 'DOCUMENTS_URL', 'SEARCH_URL', 'REDIS_URL'];

/** How long a service may take until its health check is content, in milliseconds: start_period and retries of the image. */
const healthyWithinMs = 90_000;

interface Running {
  readonly service: AnnalsService;
  readonly child: ChildProcess;
  readonly port: number;
  readonly exited: Promise<number>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Each service has files of its own, and all share the large results, as by the volumes. */
function dataDirOf(data: string, name: string): string {
  const [own, shared] = [join(data, name), join(data, 'blobs')];
  for (const directory of [own, shared]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  try {
    symlinkSync(shared, join(own, 'blobs'));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return own;
}

async function start(service: AnnalsService, data: string, engines: NodeJS.ProcessEnv, port: number): Promise<Running> {
  const { PATH, HOME, LANG } = process.env;
  const env = {
    ...Object.fromEntries(Object.entries({ PATH, HOME, LANG }).filter(([, value]) => value !== undefined)),
    ...service.environment,
    ...engines,
    // In place of what the image sets; the published port is on loopback as well.
    ANNALS_HOST: '127.0.0.1',
    ANNALS_DATA_DIR: dataDirOf(data, service.name),
    ANNALS_LOG_FORMAT: 'json',
    PORT: String(port),
  };
  const program = ['--max-semi-space-size=8', join(root, 'bin/annals.js'), ...service.args];
  const child = spawn(process.execPath, program, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout
    .setEncoding('utf8')
    .on('data', (text: string) => process.stderr.write(text.replace(/^/gm, `${service.name} | `)));
  const exited = once(child, 'exit').then(([code, signal]) =>
    typeof code === 'number' ? code : signal === null ? 1 : 128,
  );
  const running = { service, child, port, exited };
  await Promise.race([
    healthy(running),
    exited.then((code) =>
      Promise.reject(new Error(`${service.name} ended with exit code ${code} before it was healthy`)),
    ),
  ]);
  return running;
}

/** Asks as the image's health check does, until it is content. @throws Error it is not in time */
async function healthy({ service, port }: Running): Promise<void> {
  const deadline = performance.now() + healthyWithinMs;
  while (performance.now() < deadline) {
    const check = spawn(process.execPath, [...healthCheck()], { env: { PORT: String(port) }, stdio: 'ignore' });
    const [code] = (await once(check, 'exit')) as unknown[];
    if (code === 0) return;
    await delay(500);
  }
  throw new Error(`${service.name} is not healthy after ${healthyWithinMs / 1000} seconds`);
}

/** Asks a service to end as Docker does, and ends it when it does not. @returns its exit code */
async function stop({ service, child, exited }: Running): Promise<number> {
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), service.graceMs);
  const code = await exited;
  clearTimeout(patience);
  console.log(`${service.name} ended with exit code ${code}`);
  return code;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { env: { type: 'string' }, data: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const missing = engineSettings.filter((name) => !process.env[`ANNALS_${name}`]).map((name) => `ANNALS_${name}`);
  if (missing.length > 0) {
    process.stderr.write(`${missing.join(', ')}: set where the engines are\n\n${help}`);
    return 2;
  }
  const engines = Object.fromEntries(
    [...engineSettings, 'ENGINE_PREFIX', 'KAFKA_PARTITIONS']
      .map((name) => [`ANNALS_${name}`, process.env[`ANNALS_${name}`]] as const)
      .filter(([, value]) => value),
  );
  const variables = parseEnv(readFileSync(values.env ?? join(root, '.env'), 'utf8')) as Record<string, string>;
  const data = values.data ?? mkdtempSync(join(tmpdir(), 'annals-processes-'));
  const asked = Promise.withResolvers<undefined>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => asked.resolve(undefined));

  const running: Running[] = [];
  let failed = 0;
  try {
    for (const service of annalsServices(variables)) {
      const port = service.hasPort ? Number(variables['DEPLOY_PORT'] ?? 8000) : await freePort();
      running.push(await start(service, data, engines, port));
      console.log(`${service.name} is healthy: http://127.0.0.1:${port}`);
    }
    console.log('all services are healthy; Ctrl-C ends them');
    const ended = running.map(({ service, exited }) =>
      exited.then((code) => console.log(`${service.name} ended by itself with exit code ${code}`)),
    );
    await Promise.race([asked.promise, ...ended]);
  } finally {
    for (const one of running.reverse()) if ((await stop(one)) !== 0) failed++;
    if (values.data === undefined) rmSync(data, { recursive: true, force: true });
  }
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
