import { writeFileSync, writeSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/**
 * A vitest reporter that ends a run with one plain line, `N passed, N failed, N skipped`, for programs that read logs.
 * The line is the last thing the process prints, after the coverage; TEST_TOTALS_FILE names a file to put it in instead.
 * A file that could not be loaded, and an error outside of any test, count as failed.
 */
export default class TestTotals implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const totals = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      let failedTests = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'failed') failedTests += 1;
        else if (state === 'passed') totals.passed += 1;
        else totals.skipped += 1;
      }
      totals.failed += failedTests === 0 && module.state() === 'failed' ? 1 : failedTests;
    }
    const line = `${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`;
    const file = process.env['TEST_TOTALS_FILE'];
    if (file) writeFileSync(file, line);
    else process.once('exit', () => writeSync(1, line));
  }
}
