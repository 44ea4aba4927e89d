import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settings } from '../../src/config/settings.ts';
import { root } from '../../scripts/compose-file.ts';

interface Instruction {
  readonly word: string;
  readonly rest: string;
}

const instructions: readonly Instruction[] = readFileSync(join(root, 'Dockerfile'), 'utf8')
  .replace(/^\s*#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => ({ word: line.slice(0, line.indexOf(' ')), rest: line.slice(line.indexOf(' ') + 1) }));

const last = instructions.findLastIndex(({ word }) => word === 'FROM');
const stages = { dependencies: instructions.slice(0, last), final: instructions.slice(last) };
const rests = (word: string, stage: readonly Instruction[] = stages.final) =>
  stage.filter((one) => one.word === word).map(({ rest }) => rest);

describe('the Dockerfile', () => {
  it('builds in two stages on the Node that the product needs', () => {
    expect(rests('FROM', instructions)).toEqual(['node:24-slim AS dependencies', 'node:24-slim']);
  });

  it('installs what the lockfile says, without development packages, and runs no install scripts', () => {
    const [install] = rests('RUN', stages.dependencies);
    expect(install).toMatch(/^npm ci --omit=dev /);
    expect(install).toContain('--ignore-scripts');
    expect(rests('COPY')).toContain('--from=dependencies /app/node_modules node_modules');
  });

  it('runs as somebody without rights, who owns the data directory and nothing else', () => {
    expect(rests('USER')).toEqual(['node']);
    expect(rests('RUN').join('\n')).toMatch(/install -d -o node -g node -m 0700 \/data /);
    expect(rests('RUN').join('\n')).not.toMatch(/chown|\/app -/);
    const order = stages.final.map(({ word }) => word);
    expect(order.indexOf('USER')).toBeGreaterThan(order.lastIndexOf('RUN'));
    expect(order.indexOf('USER')).toBeLessThan(order.indexOf('ENTRYPOINT'));
  });

  it('keeps all that it writes below the volume', () => {
    expect(rests('VOLUME')).toEqual(['/data']);
    const env = Object.fromEntries(
      rests('ENV').flatMap((line) => line.split(/\s+/).map((pair) => pair.split('=', 2) as [string, string])),
    );
    expect(env).toMatchObject({ ANNALS_DATA_DIR: '/data', HOME: '/data/home', ANNALS_HOST: '0.0.0.0' });
    const names: readonly string[] = Object.values(settings).map(({ name }) => name);
    for (const name of Object.keys(env)) if (name.startsWith('ANNALS_')) expect(names).toContain(name);
  });

  it('asks /health/ready for its health, by Node, and with an exit code that Docker understands', () => {
    const [check = ''] = rests('HEALTHCHECK');
    const [, command = '[]'] = check.split(' CMD ');
    const argv: unknown = JSON.parse(command);
    expect(argv).toEqual(['node', '-e', expect.stringContaining('/health/ready')]);
  });

  it('starts the product itself, so that signals reach it', () => {
    expect(JSON.parse(rests('ENTRYPOINT')[0] ?? '')).toEqual(['node', '--max-semi-space-size=8', 'bin/annals.js']);
    expect(JSON.parse(rests('CMD')[0] ?? '')).toEqual(['serve']);
  });

  it('gets exactly what it copies from the clone', () => {
    const allowed = readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => /^[^#]/.test(line));
    expect(allowed[0]).toBe('*');
    const copied = [...rests('COPY', stages.dependencies), ...rests('COPY')]
      .filter((line) => !line.startsWith('--from'))
      .flatMap((line) => line.split(' ').slice(0, -1));
    expect(new Set(allowed.slice(1))).toEqual(new Set(copied.map((name) => `!${name}`)));
  });
});
