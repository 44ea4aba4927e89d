import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { composeText, root } from '../../scripts/compose-file.ts';
import { madeEnvironment } from './made-environment.ts';

const script = join(root, 'deploy/make-env.sh');
const example = readFileSync(join(root, 'deploy/env.example'), 'utf8');
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'annals-make-env-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const makeEnv = (file: string) => spawnSync(script, [file], { encoding: 'utf8' });

describe('deploy/make-env.sh', () => {
  it('writes a file for its owner alone, with a random value for everything that needs one', () => {
    const file = join(directory, '.env');
    const { status, stdout } = makeEnv(file);
    expect(status).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const empty = Object.keys(parseEnv(example)).filter((name) => parseEnv(example)[name] === '');
    const made = parseEnv(readFileSync(file, 'utf8'));
    const values = empty.map((name) => made[name] ?? '');
    expect(empty.length).toBeGreaterThan(8);
    for (const value of values) expect(value).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(values).size).toBe(values.length);
    for (const value of values) expect(stdout).not.toContain(value);
    expect(readdirSync(directory)).toEqual(['.env']);
  });

  it('makes other values each time', () => {
    expect(madeEnvironment()['DEPLOY_MASTER_KEY']).not.toBe(madeEnvironment()['DEPLOY_MASTER_KEY']);
  });

  it('leaves a file alone that is there, because volumes were made with its passwords', () => {
    const file = join(directory, '.env');
    writeFileSync(file, 'DEPLOY_MYSQL_PASSWORD=mine\n');
    const { status, stderr } = makeEnv(file);
    expect(status).toBe(1);
    expect(stderr).toContain('is there already');
    expect(readFileSync(file, 'utf8')).toBe('DEPLOY_MYSQL_PASSWORD=mine\n');
    expect(readdirSync(directory)).toEqual(['.env']);
  });

  it('knows exactly the variables that the compose file uses', () => {
    const used = new Set([...composeText.matchAll(/\$\{(\w+)/g)].map(([, name]) => name));
    const explained = new Set([...example.matchAll(/^(?:# )?(\w+)=/gm)].map(([, name]) => name));
    expect(explained).toEqual(used);
  });

  it('uses no name that is a setting, so that the same clone started without Compose is not changed by it', () => {
    expect(Object.keys(parseEnv(example)).filter((name) => !name.startsWith('DEPLOY_'))).toEqual([]);
  });
});
