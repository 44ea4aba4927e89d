import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataDirInUse, lockDataDir } from '../../../src/infrastructure/data-dir/lock.ts';

const child = join(import.meta.dirname, 'hold-data-dir.ts');

describe('the lock of the data directory', () => {
  let parent: string;
  let dir: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'annals-lock-'));
    dir = join(parent, 'data');
  });
  afterEach(async () => {
    for (const process of children.splice(0)) await kill(process);
    rmSync(parent, { recursive: true });
  });

  async function kill(process: ChildProcess): Promise<void> {
    if (process.exitCode !== null || process.signalCode !== null) return;
    const exited = once(process, 'exit');
    process.kill('SIGKILL');
    await exited;
  }

  /** Starts a process that locks the directory; answers what it says, once it has said it. */
  async function startHolder(): Promise<{ process: ChildProcess; said: string }> {
    const process = spawn(globalThis.process.execPath, [child, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(process);
    const [said] = await once(process.stdout, 'data');
    return { process, said: String(said) };
  }

  it('creates the directory for this user alone', () => {
    const lock = lockDataDir(dir);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    lock.release();
  });

  it('refuses a second process, and says which one has the directory, where, and since when', async () => {
    const began = new Date().toISOString();
    const { process } = await startHolder();
    let refusal: unknown;
    try {
      lockDataDir(dir);
    } catch (error) {
      refusal = error;
    }

    expect(refusal).toBeInstanceOf(DataDirInUse);
    const { message } = refusal as Error;
    expect(message).toContain(dir);
    expect(message).toContain(`process ${process.pid} on ${hostname()}`);
    expect(/since (\S+);/.exec(message)?.[1]?.localeCompare(began)).toBe(1);
  });

  it('is held for as long as the process runs, whether or not anybody remembers it', async () => {
    lockDataDir(dir);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    for (let turn = 0; turn < 3; turn++) {
      await nextTurn();
      collect();
    }
    const { said } = await startHolder();
    expect(said).toContain(`in use by process ${process.pid}`);
  });

  it('refuses a second process also when the first is this one', async () => {
    const lock = lockDataDir(dir);
    expect(() => lockDataDir(dir)).toThrow(DataDirInUse);
    const { said } = await startHolder();
    expect(said).toContain(`in use by process ${process.pid}`);
    lock.release();
  });

  it('ends with a process that is killed', async () => {
    const { process } = await startHolder();
    expect(() => lockDataDir(dir)).toThrow(DataDirInUse);
    await kill(process);

    expect(existsSync(join(dir, 'lock.json'))).toBe(true);
    const lock = lockDataDir(dir);
    lock.release();
  });

  it('is released, and then leaves no name behind', async () => {
    const lock = lockDataDir(dir);
    lock.release();
    lock.release();

    expect(readdirSync(dir)).toEqual(['lock.sqlite']);
    const { said } = await startHolder();
    expect(said).toBe('locked\n');
  });
});
