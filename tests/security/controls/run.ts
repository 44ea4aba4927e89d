/**
 * Proves that the tests of attacks can fail: disables one defence after the other in a copy of the sources, and expects
 * that defence's test to turn red. `npm run controls [words of a defence]`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { controls, type Control } from './controls.ts';

const root = join(import.meta.dirname, '../../..');
const copy = mkdtempSync(join(tmpdir(), 'annals-controls-'));
const report = join(copy, 'report.json');

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

function copySources(): void {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const file of listed
    .toString()
    .split('\0')
    .filter((name) => name !== '' && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file), { force: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
}

/** Names of the tests of a file by how they ended. @throws Error the file could not be run at all */
function run(test: string): { readonly red: readonly string[]; readonly green: number } {
  rmSync(report, { force: true });
  const file = `tests/security/${test}`;
  const args = ['node_modules/vitest/vitest.mjs', 'run', file, '--reporter=json', `--outputFile=${report}`];
  const { stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8', timeout: 300_000 });
  let results: Report['testResults'];
  try {
    results = (JSON.parse(readFileSync(report, 'utf8')) as Report).testResults;
  } catch (error) {
    throw new Error(`${file} told no results: ${stderr.slice(-1000)}`, { cause: error });
  }
  const all = results.flatMap(({ assertionResults }) => assertionResults);
  if (all.length === 0) throw new Error(`${file} could not be loaded: ${stderr.slice(-1000)}`);
  return {
    red: all.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
    green: all.filter(({ status }) => status === 'passed').length,
  };
}

/** What is wrong with the test of a defence; undefined when it did turn red. */
function faultOf({ file, present, disabled, test, red }: Control): string | undefined {
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(present).length !== 2) return `"${present}" does not stand exactly once in ${file}`;
  writeFileSync(
    path,
    source.replace(present, () => disabled),
  );
  try {
    const outcome = run(test);
    if (outcome.red.some((name) => red.test(name))) return undefined;
    return `no test of ${test} that matches ${String(red)} failed (${outcome.red.length} others did)`;
  } finally {
    writeFileSync(path, source);
  }
}

const wanted = process.argv.slice(2).join(' ');
const chosen = controls.filter(({ defence }) => defence.includes(wanted));
let failed = chosen.length === 0 ? 1 : 0;
try {
  copySources();
  for (const test of new Set(chosen.map((control) => control.test))) {
    const { red, green } = run(test);
    if (red.length > 0 || green === 0) throw new Error(`${test} is not green to begin with: ${red.join('; ')}`);
  }
  for (const control of chosen) {
    const fault = faultOf(control);
    if (fault !== undefined) failed++;
    console.log(
      `${fault === undefined ? 'red as it should be' : 'STILL GREEN'}  ${control.defence}${fault ? `: ${fault}` : ''}`,
    );
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${chosen.length - failed} of ${chosen.length} defences are missed by their tests when they are gone`);
process.exitCode = failed === 0 ? 0 : 1;
