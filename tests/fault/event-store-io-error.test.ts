import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const child = join(import.meta.dirname, 'event-store-io-error-child.ts');

it('writes that the kernel fails: appends are refused, nothing acknowledged is lost, and the store heals', async (context) => {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'pipe' });
  } catch (error) {
    context.skip(`there is no prlimit to make writes fail with: ${String(error)}`);
  }
  const dir = mkdtempSync(join(tmpdir(), 'annals-io-'));
  try {
    const { stdout } = await run(process.execPath, [child, join(dir, 'events.sqlite')]);
    const outcome = JSON.parse(stdout);

    expect(outcome.rounds).toHaveLength(5);
    for (const { failed, readDuring, findings } of outcome.rounds) {
      expect(failed).toBeGreaterThan(0);
      expect(readDuring).toBeGreaterThan(0);
      expect(findings).toEqual([]);
    }
    for (const failure of outcome.failures)
      expect(failure).toMatch(/^StoreUnavailable: the event store cannot write: /);
    expect(outcome.findings).toEqual([]);
    expect(outcome.head).toBe(outcome.acknowledged);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
