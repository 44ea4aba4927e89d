import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const project = join(import.meta.dirname, '../..');
let tree: string;

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'annals-totals-'));
  symlinkSync(join(project, 'node_modules'), join(tree, 'node_modules'));
  writeFileSync(
    join(tree, 'a.test.js'),
    `import { expect, it } from 'vitest';
     it('passes', () => {}); it('passes too', () => {}); it.skip('waits', () => {}); it.todo('comes');
     it('fails', () => expect(1).toBe(2));`,
  );
  writeFileSync(join(tree, 'broken.test.js'), 'throw new Error("cannot be loaded");');
});
afterAll(() => rmSync(tree, { recursive: true }));

function runTests(env: Record<string, string>): string {
  const reporter = join(project, 'scripts/test-totals.ts');
  return spawnSync(
    process.execPath,
    [join(project, 'node_modules/vitest/vitest.mjs'), 'run', '--root', tree, '--reporter', reporter],
    { encoding: 'utf8', cwd: tree, env: { PATH: process.env['PATH'] ?? '', ...env } },
  ).stdout;
}

describe('the totals at the end of a test run', () => {
  it('are the last line, and count a file that cannot be loaded as failed', () => {
    expect(runTests({})).toMatch(/(^|\n)2 passed, 2 failed, 2 skipped\n$/);
  });

  it('go to a file when one is named', () => {
    const file = join(tree, 'totals');
    expect(runTests({ TEST_TOTALS_FILE: file })).not.toContain('passed');
    expect(readFileSync(file, 'utf8')).toBe('2 passed, 2 failed, 2 skipped\n');
  });
});
