import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fresh, type Fresh } from './support/fresh.ts';

let place: Fresh;

const home = process.cwd();

beforeAll(() => {
  place = fresh();
  // A .env file of whoever runs the tests is not read.
  process.chdir(place.dir);
});
afterAll(() => {
  process.chdir(home);
  place.remove();
});

describe('annals --help', () => {
  test.each([
    ['', ['serve', 'import', 'call', 'projections', 'events', 'audit', 'admin', 'doctor', 'Exit codes', 'ANNALS_URL']],
    ['serve', ['start the platform']],
    ['import', ['<file>', 'mcpServers', 'server.json', '--json']],
    ['call', ['<mcp>', '<tool>', '--arg <key=value>', '--json', '--timeout <ms>']],
    ['projections', ['list', 'rebuild', 'rollback']],
    ['projections list', ['--json']],
    ['projections rebuild', ['<name>', '--follow', '--json']],
    ['projections rollback', ['<name>', '--json']],
    ['events', ['export', 'tail']],
    ['events export', ['--after <position>', '--type <type>', '--stream <stream>', '--actor <actor>']],
    ['events tail', ['--after <position>', '--category <category>', '--json']],
    ['audit', ['export']],
    ['audit export', ['--format <format>', '"jsonl", "csv"', '--from <time>', '--output <file>']],
    ['admin', ['reset-password']],
    ['admin reset-password', ['<user>', '--json']],
    ['doctor', ['--json']],
  ])('annals %s --help tells what there is', async (command, words) => {
    const { code, out, error } = await place.run([...command.split(' ').filter((part) => part !== ''), '--help']);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toContain(`Usage: annals${command === '' ? '' : ` ${command}`}`);
    for (const word of words) expect(out).toContain(word);
  });

  test('ends the process with exit code 0, and starts nothing', async () => {
    expect(await place.spawn(['--help'])).toMatchObject({ code: 0, error: '' });
    expect(existsSync(place.dataDir)).toBe(false);
  });
});

test('annals --version is the version of package.json', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(await place.spawn(['--version'])).toEqual({ code: 0, out: `${version}\n`, error: '' });
});

describe('what is written wrong ends with exit code 2 and says so', () => {
  test.each([
    [[], 'Usage: annals'],
    [['nonsense'], "unknown command 'nonsense'"],
    [['projections'], 'Usage: annals projections'],
    [['projections', 'forget'], "unknown command 'forget'"],
    [['projections', 'rebuild'], "missing required argument 'name'"],
    [['call', 'everything'], "missing required argument 'tool'"],
    [['call', 'everything', 'echo', '--arg', 'no-equals-sign'], '--arg no-equals-sign: must be key=value'],
    [['call', 'everything', 'echo', '--json', '[1]'], '--json [1]: must be a JSON object'],
    [['call', 'everything', 'echo', '--timeout', 'soon'], '--timeout soon: must be a number of milliseconds'],
    [['import', 'file', '--loudly'], "unknown option '--loudly'"],
    [['audit', 'export', '--format', 'xml'], 'Allowed choices are jsonl, csv'],
    [['admin', 'reset-password'], "missing required argument 'user'"],
  ])('annals %j', async (args, words) => {
    const { code, out, error } = await place.run(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toContain(words);
    expect(error).not.toContain('    at ');
  });
});

test('the process has the exit code of its command', async () => {
  expect(await place.spawn(['nonsense'])).toMatchObject({ code: 2, out: '' });
});

test('settings that are wrong are all named, with exit code 1', async () => {
  const env = { PORT: 'eighty', ANNALS_LOG_LEVEL: 'loud', ANNALS_DATADIR: '/tmp' };
  for (const command of [['serve'], ['doctor'], ['projections', 'list']]) {
    const { code, error } = await place.spawn(command, { env });
    expect(code, command.join(' ')).toBe(1);
    for (const name of ['PORT', 'ANNALS_LOG_LEVEL', 'ANNALS_DATADIR']) expect(error).toContain(name);
    expect(error).not.toContain('    at ');
  }
});

test('a server elsewhere needs a token', async () => {
  const { code, error } = await place.spawn(['projections', 'list'], { env: { ANNALS_URL: 'http://127.0.0.1:9' } });
  expect({ code, error }).toEqual({ code: 1, error: expect.stringContaining('set ANNALS_TOKEN') as string });
});

test('a server that does not answer is told from one that refuses', async () => {
  const env = { ANNALS_URL: 'http://127.0.0.1:9', ANNALS_TOKEN: 'x' };
  const { code, error } = await place.spawn(['projections', 'list'], { env });
  expect(code).toBe(1);
  expect(error).toMatch(/^annals: no answer from http:\/\/127\.0\.0\.1:9/);
});

describe('annals doctor', () => {
  interface Finding {
    readonly check: string;
    readonly ok: boolean;
    readonly found: string;
  }

  async function findings(
    env: Readonly<Record<string, string>>,
  ): Promise<{ code: unknown; items: readonly Finding[] }> {
    const { code, out } = await place.spawn(['doctor', '--json'], { env });
    return { code, items: (JSON.parse(out) as { findings: Finding[] }).findings };
  }

  test('finds a directory that is not there yet no fault, and makes none', async () => {
    const missing = `${place.dir}/nowhere`;
    const { code, items } = await findings({ ANNALS_DATA_DIR: missing });
    expect(code).toBe(0);
    expect(items.map(({ check }) => check)).toEqual(['runtime', 'SQLite', 'data directory']);
    expect(items.at(-1)?.found).toContain('made at the first start');
    expect(existsSync(missing)).toBe(false);
  });

  test('names what is wrong and how to mend it', async () => {
    const open = `${place.dir}/open`;
    mkdirSync(open);
    chmodSync(open, 0o755);
    const { code, items } = await findings({ ANNALS_DATA_DIR: open });
    expect(code).toBe(1);
    expect(items.find(({ check }) => check === 'data directory is private')).toMatchObject({
      ok: false,
      found: 'mode 755',
    });

    const { out, error } = await place.spawn(['doctor'], { env: { ANNALS_DATA_DIR: open } });
    expect(out).toMatch(/^WRONG +data directory is private +mode 755 +allow only its owner: chmod 700 /m);
    expect(out).toMatch(/^ok +runtime +Node /m);
    expect(error).toBe('annals: something needs mending\n');
  });
});
