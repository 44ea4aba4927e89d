import { spawnSync } from 'node:child_process';
import { startFastServer } from '../fixtures/fast-http-server.ts';
import { httpRequest, load } from './load.ts';
import { registerUpstream, startProduct, type Product } from './product.ts';
import { figure, type BenchRow } from './row.ts';

const loginsPerSecond = 32;
const calls = 3_000;
const password = 'a password of somebody who logs in';

/** What logins, whose passwords take a while to check, leave to tool calls. The product has both cores: it hashes on threads. */
export async function benchLogins(): Promise<readonly BenchRow[]> {
  const upstream = await startFastServer();
  const product = await startProduct({ env: { ANNALS_RATE_LIMITS: 'off' } });
  try {
    spawnSync('taskset', ['-acp', '0,1', String(product.pid)], { stdio: 'ignore' });
    const mcpId = await registerUpstream(product, upstream.url);
    const names = Array.from({ length: 8 }, (_, n) => `somebody-${n}`);
    for (const username of names) {
      await product.request('POST', '/api/v1/auth/register', { username, email: `${username}@example.org`, password });
    }
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${product.token}` };
    const request = (n: number) => {
      const body = { mcpId, tool: 'echo', arguments: { message: `hello ${n}` } };
      return httpRequest('POST', '/api/v1/executions', headers, JSON.stringify(body));
    };
    const callRate = async () =>
      (await load({ port: product.port, connections: 8, warmup: 200, calls, request })).perSecond;

    const rounds: { readonly alone: number; readonly beside: number; readonly logins: number }[] = [];
    for (let round = 0; round < 3; round++) {
      const alone = await callRate();
      const logins = startLogins(product, names);
      const beside = await callRate();
      rounds.push({ alone, beside, logins: await logins.stop() });
    }
    const ratios = rounds.map(({ alone, beside }) => beside / alone).sort((a, b) => a - b);
    const ratio = ratios[1] ?? NaN;
    const middle = rounds.find(({ alone, beside }) => beside / alone === ratio);
    const reached = Math.min(...rounds.map(({ logins }) => logins));
    return [
      {
        what: `tool calls beside ${loginsPerSecond} logins/s (argon2id, ${figure(reached)}/s were answered)`,
        value: `${figure(middle?.beside ?? NaN)} calls/s`,
        floor: `${figure(middle?.alone ?? NaN)} calls/s without logins`,
        ratio: figure(ratio),
        goal: '≥ 0.7',
        met: ratio >= 0.7 && reached >= 0.9 * loginsPerSecond,
      },
    ];
  } finally {
    await product.stop();
    await upstream.close();
  }
}

/** Logs people in at a steady rate, each login begun when its time has come. @returns how to end it: logins a second */
function startLogins(product: Product, names: readonly string[]): { stop(): Promise<number> } {
  const under: Promise<unknown>[] = [];
  const began = performance.now();
  const timer = setInterval(() => {
    while (under.length < ((performance.now() - began) / 1000) * loginsPerSecond) {
      const username = names[under.length % names.length] ?? '';
      under.push(product.request('POST', '/api/v1/auth/login', { username, password }));
    }
  }, 5);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(under);
      return under.length / ((performance.now() - began) / 1000);
    },
  };
}
