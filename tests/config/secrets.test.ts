import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { loadOrCreateSecrets } from '../../src/config/secrets.ts';

let top: string;
let dataDir: string;
let file: string;
const unset = loadConfig({});

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'annals-secrets-'));
  dataDir = join(top, 'data');
  file = join(dataDir, 'secrets.json');
});

afterEach(() => rmSync(top, { recursive: true }));

describe('the secrets of a data directory', () => {
  it('are made on the first start, for their owner only, and nothing else is left there', () => {
    const secrets = loadOrCreateSecrets(dataDir, unset);
    expect(Buffer.byteLength(secrets.jwtSecret)).toBeGreaterThanOrEqual(32);
    expect(Buffer.byteLength(secrets.masterKey)).toBeGreaterThanOrEqual(32);
    expect(secrets.jwtSecret).not.toBe(secrets.masterKey);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(readdirSync(dataDir)).toEqual(['secrets.json']);
  });

  it('stay the same at the next start', () => {
    const { jwtSecret, masterKey } = loadOrCreateSecrets(dataDir, unset);
    expect(loadOrCreateSecrets(dataDir, unset)).toMatchObject({ jwtSecret, masterKey });
  });

  it('give way to the settings, one by one', () => {
    const made = loadOrCreateSecrets(dataDir, unset);
    const jwtSecret = 'Zq3v9sKfT1xWb7LhR0cYpMnE5uJdAi2g';
    const loaded = loadOrCreateSecrets(dataDir, { ...unset, jwtSecret });
    expect(loaded).toMatchObject({ jwtSecret, masterKey: made.masterKey });
  });

  it('need no file when the settings name both', () => {
    loadOrCreateSecrets(dataDir, { ...unset, jwtSecret: 'a', masterKey: 'b' });
    expect(statSync(dataDir, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('offer an administrator password that is stored nowhere', () => {
    const { initialAdminPassword } = loadOrCreateSecrets(dataDir, unset);
    expect(initialAdminPassword.generated).toBe(true);
    expect(initialAdminPassword.value.length).toBeGreaterThanOrEqual(20);
    expect(readFileSync(file, 'utf8')).not.toContain(initialAdminPassword.value);
    const given = loadOrCreateSecrets(dataDir, { ...unset, adminPassword: 'chosen by hand' });
    expect(given.initialAdminPassword).toEqual({ value: 'chosen by hand', generated: false });
  });

  it.each([0o640, 0o604, 0o660])('are refused when others may read them (mode %o)', (mode) => {
    loadOrCreateSecrets(dataDir, unset);
    chmodSync(file, mode);
    expect(() => loadOrCreateSecrets(dataDir, unset)).toThrow(`chmod 600 ${file}`);
  });

  it.each(['', '{"version":1', '{"version":1,"jwtSecret":"short","masterKey":"short"}', '{"version":2}'])(
    'are refused and left alone when damaged: %j',
    (content) => {
      loadOrCreateSecrets(dataDir, unset);
      writeFileSync(file, content);
      expect(() => loadOrCreateSecrets(dataDir, unset)).toThrow('is damaged');
      expect(readFileSync(file, 'utf8')).toBe(content);
    },
  );

  it('are not made anew beside data that was written with others', () => {
    loadOrCreateSecrets(dataDir, unset);
    rmSync(file);
    writeFileSync(join(dataDir, 'events.db'), '');
    expect(() => loadOrCreateSecrets(dataDir, unset)).toThrow('is missing beside events.db');
    expect(readdirSync(dataDir)).toEqual(['events.db']);
  });

  it('name the setting when the directory cannot be made', () => {
    writeFileSync(dataDir, 'a file');
    expect(() => loadOrCreateSecrets(dataDir, unset)).toThrow(/ANNALS_DATA_DIR .*cannot hold the secrets/);
  });

  it('are one set even when several processes start at the same moment', async () => {
    const program = `
      const { loadOrCreateSecrets } = await import(${JSON.stringify(new URL('../../src/config/secrets.ts', import.meta.url))});
      process.stdin.once('data', () => {
        process.stdout.write(loadOrCreateSecrets(${JSON.stringify(dataDir)}, {}).masterKey);
        process.exit();
      });
      process.stdout.write('ready ');`;
    const starts = Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'pipe' });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      await once(child.stdout, 'data');
      return { child, output: () => output, end: once(child, 'close') };
    });
    const children = await Promise.all(starts);
    for (const { child } of children) child.stdin.write('go\n');
    await Promise.all(children.map(({ end }) => end));
    const keys = new Set(children.map(({ output }) => output()));
    expect(keys.size).toBe(1);
    expect([...keys][0]).toMatch(/^ready .{32,}$/);
  });
});
