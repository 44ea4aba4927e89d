import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Makes the Node that runs the launcher claim to be an old one; a Node that it starts is not told. */
const claimToBeOld =
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.18.0"}})';

/** Stands where the product's main.ts stands: reports how it was started, and ends as it is told. */
const standIn = `
  const words: string[] = process.argv.slice(2);
  if (words[0] === 'wait') {
    process.on('SIGTERM', () => { process.stdout.write('asked to stop\\n'); process.exit(7); });
    process.stdout.write('waiting\\n');
    setInterval(() => {}, 1000);
  } else if (words[0] === 'die') {
    process.kill(process.pid, 'SIGKILL');
  } else {
    process.stdout.write(JSON.stringify({ words, node: process.versions.node }));
    process.exitCode = Number(words[0] ?? 0);
  }`;

const pinned = `node-${process.platform}-${process.arch}`;
const tops: string[] = [];

/** A copy of the launcher beside the stand-in, with or without a Node installed as an optional dependency. */
function layOut(options: { readonly pinned: boolean; readonly version?: string; readonly isOld?: boolean }): string {
  const top = mkdtempSync(join(tmpdir(), 'annals-launcher-'));
  tops.push(top);
  for (const folder of ['bin', 'src']) mkdirSync(join(top, folder));
  copyFileSync(join(import.meta.dirname, '../../bin/annals.js'), join(top, 'bin/annals.js'));
  writeFileSync(join(top, 'package.json'), '{"type":"module"}');
  writeFileSync(join(top, 'src/main.ts'), standIn);
  if (options.pinned) {
    const old = options.isOld === true ? `--import '${claimToBeOld}'` : '';
    const home = join(top, 'node_modules', pinned);
    mkdirSync(join(home, 'bin'), { recursive: true });
    writeFileSync(join(home, 'package.json'), JSON.stringify({ name: pinned, version: options.version ?? '24.21.0' }));
    writeFileSync(join(home, 'bin/node'), `#!/bin/sh\nexec "${process.execPath}" ${old} "$@"\n`);
    chmodSync(join(home, 'bin/node'), 0o755);
  }
  return join(top, 'bin/annals.js');
}

let launcher: string;
beforeAll(() => {
  launcher = layOut({ pinned: true });
});
afterAll(() => {
  for (const top of tops) rmSync(top, { recursive: true });
});

const underOldNode = (file: string): readonly string[] => ['--import', claimToBeOld, file];

describe('the launcher', () => {
  it('runs the product in its own process when this Node is new enough', () => {
    const { stdout, status } = spawnSync(process.execPath, [layOut({ pinned: false }), '3', '--flag=a b'], {
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toEqual({ words: ['3', '--flag=a b'], node: process.versions.node });
    expect(status).toBe(3);
  });

  it('runs it under the pinned Node when this one is too old, and ends with its exit code and no noise', () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [...underOldNode(launcher), '5', '--x'], {
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toEqual({ words: ['5', '--x'], node: process.versions.node });
    expect(stderr).toBe('');
    expect(status).toBe(5);
  });

  it('passes a signal on and waits for the end', async () => {
    const child: ChildProcess = spawn(process.execPath, [...underOldNode(launcher), 'wait'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output === 'waiting\n') child.kill('SIGTERM');
    });
    expect(await once(child, 'close')).toEqual([7, null]);
    expect(output).toBe('waiting\nasked to stop\n');
  });

  it('ends as a shell says it when the product is killed', () => {
    expect(spawnSync(process.execPath, [...underOldNode(launcher), 'die']).status).toBe(128 + 9);
  });

  it.each<[string, Parameters<typeof layOut>[0]]>([
    ['there is no other Node', { pinned: false }],
    ['the other Node is too old as well', { pinned: true, version: '22.1.0' }],
    ['the other Node is older than its package says', { pinned: true, isOld: true }],
  ])('says what to do when %s', (_case, options) => {
    const { stdout, stderr, status } = spawnSync(process.execPath, underOldNode(layOut(options)), { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(stderr).toContain('annals needs Node 24.15 or newer, and this is Node 20.18.0');
    expect(stderr).toContain('npm ci');
    expect(status).toBe(1);
  });
});
