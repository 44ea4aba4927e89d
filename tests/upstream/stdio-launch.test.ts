import { describe, expect, test } from 'vitest';
import { forbiddenOption } from '../../src/mcp/upstream/interpreter-options.ts';
import { prepareLaunch, type LaunchRequest } from '../../src/mcp/upstream/stdio-launch.ts';
import { UpstreamError } from '../../src/ports/upstream.ts';

const rules = {
  allow: ['npx', 'node', 'uvx', 'python3', 'docker', '/opt/tools/server'],
  environment: {
    PATH: '/usr/bin',
    HOME: '/home/annals',
    LANG: 'de_CH.UTF-8',
    ANNALS_JWT_SECRET: 'ours',
    NODE_OPTIONS: '--x',
  },
};

function launch(request: Partial<LaunchRequest>) {
  return prepareLaunch({ command: 'node', args: [], env: {}, cwd: undefined, ...request }, rules);
}

describe('a command', () => {
  test('that is allowed gets an environment of its own, with the running Node first', () => {
    const { command, args, env, cwd } = launch({
      args: ['server.js', '-e', '--x'],
      env: { API_KEY: 'k' },
      cwd: '/srv',
    });
    expect({ command, args, cwd }).toEqual({ command: 'node', args: ['server.js', '-e', '--x'], cwd: '/srv' });
    expect(Object.keys(env).sort()).toEqual(['API_KEY', 'HOME', 'LANG', 'PATH', 'TMPDIR']);
    expect(env['PATH']).toMatch(/^\/.*:\/usr\/bin$/);
    expect(env['HOME']).toBe('/home/annals');
  });

  test('with a full path is allowed when that path is', () => {
    expect(launch({ command: '/opt/tools/server' }).command).toBe('/opt/tools/server');
  });

  test.each(['bash', '/bin/sh', '/tmp/node', './node', '/opt/tools/../tools/server', 'node ', '', 'NODE'])(
    '%j is refused, and the refusal names the setting',
    (command) => {
      expect(() => launch({ command })).toThrow(/ANNALS_STDIO_ALLOW/);
      expect(() => launch({ command })).toThrow(UpstreamError);
    },
  );

  test.each([
    { args: ['a\nb'] },
    { args: ['a\0b'] },
    { env: { KEY: 'a\nb' } },
    { env: { KEY: 'a\0b' } },
    { env: { 'KEY=X': 'a' } },
    { env: { '': 'a' } },
    { cwd: '/srv/\0' },
    { cwd: '/srv/../etc' },
    { cwd: '..' },
  ])('is refused with %j', (request) => {
    expect(() => launch(request)).toThrow(UpstreamError);
  });

  test.each([
    'LD_PRELOAD',
    'NODE_OPTIONS',
    'npm_config_registry',
    'NPM_CONFIG_PREFIX',
    'PATH',
    'DYLD_INSERT_LIBRARIES',
    'PYTHONPATH',
    'BASH_ENV',
    'UV_INDEX_URL',
  ])('is refused when %s is to be set for it', (name) => {
    expect(() => launch({ env: { [name]: 'x' } })).toThrow(new RegExp(name));
  });
});

describe('an interpreter', () => {
  test.each([
    ['node', ['-e', 'process.exit()']],
    ['node', ['--eval=1']],
    ['node', ['-p', '1']],
    ['node', ['-pe', '1']],
    ['node', ['-']],
    ['node', ['--require', './x.js', 'server.js']],
    ['node', ['--import=data:text/javascript,1', 'server.js']],
    ['node', ['--conditions', 'x', '-e', '1']],
    ['node', ['--inspect=0.0.0.0', 'server.js']],
    ['node', ['--run', 'script']],
    ['/usr/bin/node', ['-e', '1']],
    ['python3', ['-c', 'print()']],
    ['python3', ['-uc', 'print()']],
    ['python3.12', ['-c', 'print()']],
    ['python3', ['-']],
    ['npx', ['-c', 'rm -rf ~']],
    ['npx', ['-p', 'x', '-c', 'rm -rf ~']],
    ['npx', ['-y', '--call=x']],
    ['npx', ['--registry=http://evil', 'x']],
    ['npx', ['--node-options=--require=x', 'y']],
    ['uvx', ['--index-url', 'http://evil', 'x']],
  ])('%s %j would run something else', (command, args) => {
    expect(forbiddenOption(command, args)).toEqual(expect.any(String));
    if (command === 'node') expect(() => launch({ command, args })).toThrow(/may not be started with/);
  });

  test.each([
    ['node', ['--no-warnings', '--max-old-space-size=256', 'server.js', '-e', 'for the server']],
    ['node', ['--', '-e']],
    ['python3', ['-u', '-m', 'my_server', '-c', 'config.toml']],
    ['npx', ['-y', '@modelcontextprotocol/server-everything', '-c']],
    ['npx', ['-y', '-p', 'pkg@1.2.3', 'bin', '--call']],
    ['uvx', ['--from', 'git-server', 'mcp-server-git', '--index-url', 'x']],
    ['docker', ['run', '-i', '--rm', 'mcp/time']],
  ])('%s %j runs what it was given', (command, args) => {
    expect(forbiddenOption(command, args)).toBeUndefined();
  });
});
