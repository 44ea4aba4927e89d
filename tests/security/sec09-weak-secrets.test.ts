import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { launch, startServer } from '../integration/support/server-process.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'annals-weak-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const strong = {
  ANNALS_JWT_SECRET: 'kZ3vN8qR5tY1wX7uB4mC9pL2sD6fG0hJ',
  ANNALS_MASTER_KEY: 'Qw8eR2tY6uI0oP4aS1dF5gH9jK3lZ7xC',
  ANNALS_ADMIN_PASSWORD: 'a password that nobody guesses',
};

describe('SEC9: on a public address the platform refuses to start, names the setting, and leaves nothing behind,', () => {
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['with a short key', { ...strong, ANNALS_JWT_SECRET: 'short' }, 'ANNALS_JWT_SECRET'],
    ['with a key of one letter', { ...strong, ANNALS_MASTER_KEY: 'a'.repeat(48) }, 'ANNALS_MASTER_KEY'],
    [
      'with an example as key',
      { ...strong, ANNALS_JWT_SECRET: 'please-change-me-to-something-random-7Q' },
      'ANNALS_JWT_SECRET',
    ],
    ['with a default password', { ...strong, ANNALS_ADMIN_PASSWORD: 'admin123' }, 'ANNALS_ADMIN_PASSWORD'],
    ['with one text for both keys', { ...strong, ANNALS_MASTER_KEY: strong.ANNALS_JWT_SECRET }, 'ANNALS_MASTER_KEY'],
  ])('%s', async (_what, env, setting) => {
    const server = launch({ dataDir, env: { ANNALS_HOST: '0.0.0.0', ...env } });
    expect(await server.exited).toBe(1);
    expect(server.said.error).toContain(setting);
    for (const value of Object.values(env)) expect(server.said.error).not.toContain(`"${value}"`);
    expect(readdirSync(dataDir)).toEqual([]);
  });
});

test('SEC9: what the embedded default makes on first start is long, and readable by its owner only', async () => {
  const server = await startServer({ dataDir });
  await server.stop();
  const path = join(dataDir, 'secrets.json');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const { jwtSecret, masterKey } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
  for (const secret of [jwtSecret, masterKey]) expect(secret?.length).toBeGreaterThanOrEqual(32);
  expect(jwtSecret).not.toBe(masterKey);
});
