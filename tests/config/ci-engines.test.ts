import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = join(import.meta.dirname, '../../.ci/run');
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'annals-ci-'));
  for (const directory of ['checkout/.ci', 'bin']) {
    mkdirSync(join(root, directory), { recursive: true });
  }
  copyFileSync(script, join(root, 'checkout/.ci/run'));
  // Stands for npm: what is run is shown with what the environment tells it of engines.
  program(
    'bin/npm',
    `echo "npm $* sees [\${ANNALS_TEST_REDIS_URL:-}] requires [\${ANNALS_TEST_REQUIRE:-}]"
     echo "may stop them by [\${ANNALS_TEST_ENGINES_SCRIPT:-}] in [\${ANNALS_TEST_ENGINES_DIR:-}]"`,
  );
});
afterEach(() => rmSync(root, { recursive: true }));

function program(path: string, body: string): void {
  writeFileSync(join(root, path), `#!/usr/bin/env bash\n${body}\n`);
  chmodSync(join(root, path), 0o755);
}

/** A stand-in for a script that starts engines; `calls` is what it was asked for. */
function enginesScript(path: string, up: string): void {
  program(path, `echo "$1" >>"${join(root, 'calls')}"; case $1 in up) mkdir -p "$2"; ${up} ;; esac`);
}

function runCi(env: Record<string, string> = {}): { readonly output: string; readonly calls: string } {
  const { stdout, stderr } = spawnSync('bash', [join(root, 'checkout/.ci/run')], {
    encoding: 'utf8',
    env: { PATH: `${join(root, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`, TMPDIR: root, ...env },
  });
  const calls = join(root, 'calls');
  return { output: stdout + stderr, calls: existsSync(calls) ? readFileSync(calls, 'utf8') : '' };
}

const named = () => ({ ANNALS_ENGINES_SCRIPT: join(root, 'engines.sh') });

const writesEnv =
  'printf "export ANNALS_TEST_REDIS_URL=redis://there\\nexport ANNALS_TEST_KAFKA_BROKERS=there:9092\\n" >"$2/env"';

describe('the run of all checks', () => {
  it('goes on without engines where there is no script, and says so', () => {
    const { output } = runCi();
    expect(output).toContain('engines: no script starts them (ANNALS_ENGINES_SCRIPT)');
    expect(output).toContain('npm test sees [] requires []');
    expect(output).toContain('may stop them by [] in []');
    expect(output).not.toMatch(/^engines +\d+s/m);
  });

  it('starts the engines of the script that is named, requires each in the tests, and ends them', () => {
    enginesScript('engines.sh', writesEnv);
    const { output, calls } = runCi(named());
    expect(output).toMatch(/npm test sees \[redis:\/\/there\] requires \[kafka redis ?\]/);
    expect(output).toMatch(/^engines +\d+s {2}ok$/m);
    expect(calls).toBe('up\ndown\n');
  });

  it('takes the script beside the project where none is named, and none at all when that is said', () => {
    mkdirSync(join(root, 'shared/engines'), { recursive: true });
    enginesScript('shared/engines/engines.sh', writesEnv);
    const off = runCi({ ANNALS_ENGINES_SCRIPT: 'none' });
    expect(off.output).toContain('engines: no script starts them');
    expect(off.calls).toBe('');
    const { output, calls } = runCi();
    expect(output).toMatch(/npm test sees \[redis:\/\/there\] requires \[kafka redis ?\]/);
    expect(calls).toBe('up\ndown\n');
  });

  it('tells the tests by which script they may stop the engines that it has started, and no others', () => {
    enginesScript('engines.sh', writesEnv);
    const stoppable = /may stop them by \[\S+engines\.sh\] in \[\S+engines\]/;
    expect(runCi(named()).output).toMatch(stoppable);
    expect(runCi({ ...named(), ANNALS_TEST_REDIS_URL: 'redis://mine' }).output).not.toMatch(stoppable);
  });

  it('shows no check the variable that names the script', () => {
    enginesScript('engines.sh', writesEnv);
    program('bin/npm', 'echo "sees [${ANNALS_ENGINES_SCRIPT:-}]"');
    expect(runCi(named()).output).toContain('sees []');
  });

  it('fails the check "engines" when they do not start, runs the others all the same, and ends what did start', () => {
    enginesScript('engines.sh', `${writesEnv}; exit 7`);
    const { output, calls } = runCi(named());
    expect(output).toMatch(/^engines +\d+s {2}FAILED \(exit code 7\)$/m);
    expect(output).toContain('npm test sees [] requires []');
    expect(calls).toBe('up\ndown\n');
  });

  it('fails that check as well when nothing tells where the engines are', () => {
    enginesScript('engines.sh', 'true');
    expect(runCi(named()).output).toMatch(/^engines +\d+s {2}FAILED/m);
  });

  it('starts none when the environment names engines that run already', () => {
    enginesScript('engines.sh', writesEnv);
    const { output, calls } = runCi({ ...named(), ANNALS_TEST_REDIS_URL: 'redis://mine' });
    expect(output).toMatch(/npm test sees \[redis:\/\/mine\] requires \[redis ?\]/);
    expect(calls).toBe('');
  });
});
