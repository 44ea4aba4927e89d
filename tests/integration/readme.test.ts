import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type DemoServer } from '../../scripts/demo/server.ts';

const root = new URL('../..', import.meta.url);
const run = promisify(execFile);
const password = 'the password of the tour';

interface Step {
  readonly command: string;
  readonly output: string;
}

/** What a reader of the tour types, and what the README says comes back. */
const steps = stepsOf(readFileSync(new URL('README.md', root), 'utf8'));

describe('the tour of the README', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'annals-readme-'));
  let server: DemoServer;

  beforeAll(async () => {
    server = await startServer(dataDir, password);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('has its steps', () => {
    expect(steps.length).toBeGreaterThan(10);
  });

  it('answers what the README shows, word for word', { timeout: 180_000 }, async () => {
    const typed = steps.map(({ command }, index) => `echo '#${index}'\n${command}\n`).join('');
    const { port } = new URL(server.url);
    const script = typed.replaceAll('localhost:8000', `localhost:${port}`);
    // Both streams together, as a terminal shows them; what only a terminal's width or npm's own settings add is left out.
    const { stdout } = await run('bash', ['-c', `exec 2>&1\n${script}`], {
      cwd: root,
      env: {
        ...process.env,
        PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
        ANNALS_DATA_DIR: dataDir,
        ANNALS_ADMIN_PASSWORD: password,
        npm_config_loglevel: 'silent',
      },
    });
    const answers = stdout.split(/^#\d+\n/m).slice(1);
    const shown = steps.map(({ command, output }, index) => ({
      command,
      output: plain(answers[index] ?? ''),
      readme: plain(output),
    }));
    expect(shown.map(({ command, output }) => ({ command, output }))).toEqual(
      shown.map(({ command, readme }) => ({ command, output: readme })),
    );
  });
});

function stepsOf(readme: string): readonly Step[] {
  const tour = readme.slice(readme.indexOf('## A tour'), readme.indexOf('## What next'));
  return [...tour.matchAll(/```console\n([^]*?)```/g)].flatMap(([, block = '']) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const [command = '', ...output] = text.split('\n');
        return { command, output: output.join('\n') };
      }),
  );
}

/** Without what differs from one run to the next: ids, times, and the progress that a terminal overwrites. */
function plain(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>')
    .replace(/^.*\[[#.]{20}\].*\n/gm, '')
    .trim();
}
