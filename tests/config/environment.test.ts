import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { readEnvironment } from '../../src/config/environment.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'annals-env-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
  delete process.env['ENV_TEST_FILE_ONLY'];
  delete process.env['ENV_TEST_BOTH'];
});

it('completes the environment from .env and overrides nothing', () => {
  process.env['ENV_TEST_BOTH'] = 'environment';
  writeFileSync(join(directory, '.env'), '# comment\nENV_TEST_BOTH=file\nENV_TEST_FILE_ONLY="from file"\n');
  expect(readEnvironment(directory)).toMatchObject({ ENV_TEST_BOTH: 'environment', ENV_TEST_FILE_ONLY: 'from file' });
});

it('needs no .env', () => {
  expect(readEnvironment(directory)).toBe(process.env);
});

it('says so when .env is there and cannot be read', () => {
  mkdirSync(join(directory, '.env'));
  expect(() => readEnvironment(directory)).toThrow(ConfigError);
});
