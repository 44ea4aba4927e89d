import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { dockerAnswers } from '../support/docker.ts';

const project = join(import.meta.dirname, '../..');
let tree: string;

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'annals-engines-'));
  symlinkSync(join(project, 'node_modules'), join(tree, 'node_modules'));
  const module = (path: string) => JSON.stringify(join(project, path));
  writeFileSync(
    join(tree, 'engine.test.ts'),
    `import { it } from 'vitest';
     import { onEngine } from ${module('tests/support/engines.ts')};
     onEngine('redis', (url) => it('is at ' + url, () => {}));`,
  );
  writeFileSync(
    join(tree, 'stopped.test.ts'),
    `import { it } from 'vitest';
     import { onStoppableEngines } from ${module('tests/fault-engines/support/engines-script.ts')};
     onStoppableEngines(['redis'], ({ redis }) => it('may stop ' + redis.url, () => {}));`,
  );
  writeFileSync(
    join(tree, 'vitest.config.mjs'),
    `export default { test: { globalSetup: ${module('tests/support/engines-setup.ts')}, reporters: 'verbose' } };`,
  );
});
afterAll(() => rmSync(tree, { recursive: true }));

/** Runs a test of the tree on a machine without Docker. */
function runTests(env: Record<string, string>, file = 'engine.test.ts'): string {
  const vitest = join(project, 'node_modules/vitest/vitest.mjs');
  const { stdout, stderr } = spawnSync(process.execPath, [vitest, 'run', file], {
    encoding: 'utf8',
    cwd: tree,
    env: {
      PATH: process.env['PATH'] ?? '',
      NO_COLOR: '1',
      DOCKER_HOST: `unix://${join(tree, 'no-docker.sock')}`,
      ...env,
    },
  });
  return stdout + stderr;
}

describe('tests of an engine', () => {
  it('are skipped by name where there is neither the engine nor Docker, which is said once', () => {
    const output = runTests({});
    expect(output).toContain('skipped: no Redis');
    expect(output.match(/no Docker/g)).toHaveLength(1);
    expect(output).toMatch(/Tests .*1 skipped \(1\)/);
  });

  it('run where the variable says', () => {
    const output = runTests({ ANNALS_TEST_REDIS_URL: 'redis://here' });
    expect(output).toContain('on Redis > is at redis://here');
    expect(output).toMatch(/Tests .*1 passed \(1\)/);
    expect(output).not.toMatch(/no Docker.*Redis/);
  });

  it('fail where the engine is required and missing', () => {
    expect(runTests({ ANNALS_TEST_REQUIRE: 'mysql redis' })).toContain('ANNALS_TEST_REQUIRE wants Redis');
  });

  it('look for no Docker when none of it is wanted', () => {
    expect(runTests({ ANNALS_TEST_ENGINES: 'none' })).not.toContain('Docker');
    expect(runTests({ ANNALS_TEST_ENGINES: 'kafka' })).toMatch(/no Docker \(for Kafka\)/);
  });

  it('are not run at all when a list names what is no engine', () => {
    const output = runTests({ ANNALS_TEST_ENGINES: 'kafka,reddis' });
    expect(output).toContain('ANNALS_TEST_ENGINES names "reddis", which is none of: mariadb,');
    expect(output).not.toContain('skipped: no Redis');
  });
});

describe('tests that stop engines', () => {
  const redis = { ANNALS_TEST_REDIS_URL: 'redis://here' };

  it('are skipped where no script is named that may, whatever engines there are', () => {
    const output = runTests(redis, 'stopped.test.ts');
    expect(output).toContain('skipped: no script that stops engines');
    expect(output).toMatch(/Tests .*1 skipped \(1\)/);
  });

  it('run where a script is named, and its directory', () => {
    const script = { ANNALS_TEST_ENGINES_SCRIPT: '/engines.sh', ANNALS_TEST_ENGINES_DIR: '/engines' };
    expect(runTests({ ...redis, ...script }, 'stopped.test.ts')).toContain('on Redis > may stop redis://here');
    expect(runTests(script, 'stopped.test.ts')).toContain('skipped: no Redis');
  });
});

describe('the variables of tests', () => {
  it('are no reason for the product not to start beside them', () => {
    expect(() => loadConfig({ ANNALS_TEST_REDIS_URL: 'redis://here', ANNALS_TEST_REQUIRE: 'redis' })).not.toThrow();
  });
});

describe('Docker', () => {
  it('is there when its socket answers, and not when nobody listens on it', async () => {
    const socket = join(tree, 'docker.sock');
    const env = { DOCKER_HOST: `unix://${socket}` };
    expect(await dockerAnswers(env)).toBe(false);
    const daemon = createServer((request, response) => response.end(request.url === '/_ping' ? 'OK' : ''));
    daemon.listen(socket);
    await once(daemon, 'listening');
    expect(await dockerAnswers(env)).toBe(true);
    daemon.close();
    await once(daemon, 'close');
    writeFileSync(socket, '');
    expect(await dockerAnswers(env)).toBe(false);
  });
});
