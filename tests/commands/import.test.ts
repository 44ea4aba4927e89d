import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importMcps } from '../../src/commands/import/import-mcps.ts';
import { parseImport } from '../../src/commands/import/parse.ts';
import { loadMcp } from '../../src/commands/mcps.ts';
import { newCommand, openCommandSide, principal, refusal } from './harness.ts';

/** A file as people have it for their desktop client. */
const desktop = {
  globalShortcut: 'Ctrl+Space',
  mcpServers: {
    filesystem: {
      command: 'npx',
      args: ['-y', '@modelcontextprotocol/server-filesystem', '/home/ada/Documents'],
      env: { LOG: 'debug' },
      disabled: false,
      autoApprove: ['read_file'],
      timeout: 60,
    },
    '@acme/search server': { type: 'http', url: 'https://search.example/mcp', headers: { 'X-Team': 'a' } },
    events: { type: 'sse', url: 'https://events.example/sse' },
    old: { command: 'npx', disabled: true },
    broken: 7,
    empty: {},
  },
};

describe('an imported file', () => {
  it('of a desktop client names its servers, and leaves out what concerns the client', () => {
    expect(parseImport(desktop)).toEqual([
      {
        source: 'filesystem',
        definition: {
          name: 'filesystem',
          transport: {
            type: 'stdio',
            command: 'npx',
            args: ['-y', '@modelcontextprotocol/server-filesystem', '/home/ada/Documents'],
            env: { LOG: 'debug' },
          },
        },
      },
      {
        source: '@acme/search server',
        definition: {
          name: 'acme-search server',
          transport: { type: 'streamable-http', url: 'https://search.example/mcp', headers: { 'X-Team': 'a' } },
        },
      },
      {
        source: 'events',
        definition: { name: 'events', transport: { type: 'sse', url: 'https://events.example/sse' } },
      },
      { source: 'old', skipped: 'is disabled in the file' },
      { source: 'broken', skipped: 'is not an object' },
      { source: 'empty', skipped: 'has neither "command" nor "url"' },
    ]);
  });

  it.each([
    { servers: { a: { url: 'https://a.example' } } },
    { mcp: { servers: { a: { url: 'https://a.example' } } } },
  ])('may be one of Visual Studio Code: %j', (file) => {
    expect(parseImport(file)).toEqual([
      { source: 'a', definition: { name: 'a', transport: { type: 'streamable-http', url: 'https://a.example' } } },
    ]);
  });

  it('may be a server.json with a remote', () => {
    const file = {
      name: 'io.github.acme/weather',
      description: 'Forecasts',
      version: '1.2.0',
      remotes: [
        {
          type: 'streamable-http',
          url: 'https://weather.example/mcp',
          headers: [
            { name: 'X-Region', value: 'eu' },
            { name: 'Authorization', value: 'Bearer {token}', variables: { token: { isSecret: true } } },
          ],
        },
      ],
      packages: [{ registryType: 'npm', identifier: '@acme/weather', version: '1.2.0' }],
    };
    expect(parseImport(file)).toEqual([
      {
        source: 'io.github.acme/weather',
        definition: {
          name: 'io.github.acme-weather',
          description: 'Forecasts',
          transport: { type: 'streamable-http', url: 'https://weather.example/mcp', headers: { 'X-Region': 'eu' } },
        },
      },
    ]);
  });

  const packageArguments = [
    { type: 'positional', value: 'serve' },
    { type: 'positional', valueHint: 'directory', isRequired: true },
    { type: 'named', name: '--port', default: '8080' },
    { type: 'named', name: '--token', value: '{token}', variables: { token: {} } },
  ];
  it.each([
    [
      { registryType: 'npm', identifier: '@acme/weather', version: '1.2.0', packageArguments },
      { command: 'npx', args: ['-y', '@acme/weather@1.2.0', 'serve', '--port', '8080'] },
    ],
    [
      { registry_type: 'pypi', identifier: 'weather', version: '1.2.0' },
      { command: 'uvx', args: ['weather==1.2.0'] },
    ],
    [
      {
        registryType: 'oci',
        identifier: 'acme/weather',
        version: '1.2.0',
        runtimeArguments: [{ type: 'named', name: '--network', value: 'none' }],
        environmentVariables: [
          { name: 'REGION', value: 'eu' },
          { name: 'TOKEN', isSecret: true },
        ],
      },
      {
        command: 'docker',
        args: ['run', '-i', '--rm', '-e', 'REGION', '--network', 'none', 'acme/weather:1.2.0'],
        env: { REGION: 'eu' },
      },
    ],
    [
      { registryType: 'oci', identifier: 'registry.example:5000/acme/weather:1.2.0' },
      { command: 'docker', args: ['run', '-i', '--rm', 'registry.example:5000/acme/weather:1.2.0'] },
    ],
    [
      { registryType: 'oci', identifier: 'registry.example:5000/acme/weather', version: '2' },
      { command: 'docker', args: ['run', '-i', '--rm', 'registry.example:5000/acme/weather:2'] },
    ],
    [
      { registryType: 'npm', identifier: 'weather' },
      { command: 'npx', args: ['-y', 'weather'] },
    ],
  ])('may be a server.json with the package %j', (item, started) => {
    const unknown = [
      { registryType: 'mcpb', identifier: 'https://example.org/a.mcpb' },
      { registryType: 'npm', identifier: 'w', transport: { type: 'streamable-http', url: 'http://127.0.0.1' } },
      { registryType: 'npm' },
      { registryType: 'constructor', identifier: 'w' },
      { registryType: '__proto__', identifier: 'w' },
    ];
    const [entry] = parseImport({ name: 'a/weather', packages: [...unknown, item] });
    expect(entry?.definition?.['transport']).toEqual({ type: 'stdio', ...started });
  });

  it('may be a server.json without anything that can be started', () => {
    expect(parseImport({ name: 'a/b', packages: [{ registryType: 'constructor', identifier: 'w' }, 3] })).toEqual([
      { source: 'a/b', skipped: 'has no remote, and no package for npx, uvx or docker' },
    ]);
  });

  it.each([
    { file: null },
    { file: [] },
    { file: {} },
    { file: 'text' },
    { file: { mcpServers: [] } },
    { file: { name: 'a' } },
  ])('of another form is refused: $file', async ({ file }) => {
    const parse = async () => parseImport(file);
    await refusal(parse(), 'invalid', 'unknown_import_format');
  });

  it('is read or refused, whatever it holds', () => {
    const keys = [
      'mcpServers',
      'servers',
      'mcp',
      'name',
      'packages',
      'remotes',
      'command',
      'url',
      'registryType',
      'npm',
    ];
    const key = fc.oneof(
      fc.constantFrom(...keys, 'identifier', 'packageArguments', '__proto__', 'constructor'),
      fc.string(),
    );
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        fc.oneof(fc.constantFrom(...keys), fc.constant(null), fc.integer(), fc.boolean()),
        fc.array(tie('json'), { maxLength: 3 }),
        fc.dictionary(key, tie('json'), { maxKeys: 4 }),
      ),
    }));
    const document = fc.dictionary(fc.constantFrom(...keys), json, { maxKeys: 4 });
    fc.assert(
      fc.property(document, (file) => {
        try {
          for (const { source, definition, skipped } of parseImport(file)) {
            expect(typeof source).toBe('string');
            expect((definition === undefined) !== (skipped === undefined)).toBe(true);
          }
        } catch (error) {
          expect(error).toMatchObject({ code: 'unknown_import_format' });
        }
      }),
      { numRuns: 500 },
    );
  });

  // The names are cut before anything is looked for in them: it would take the square of their length, and not end here.
  it('is read to its end, however long its names are', () => {
    const name = `a${' '.repeat(2_000_000)}a`;
    const [entry] = parseImport({ mcpServers: { [name]: { url: 'https://a.example' } } });
    expect(entry?.definition?.['name']).toBe('a');
  });
});

describe('importing', () => {
  it('registers each server by a command of its own, and says what became of it', async () => {
    const side = await openCommandSide();
    const context = newCommand();
    const items = await importMcps(side.deps, context, desktop);
    expect(items.map(({ source, status, name }) => ({ source, status, name }))).toEqual([
      { source: 'filesystem', status: 'registered', name: 'filesystem' },
      { source: '@acme/search server', status: 'registered', name: 'acme-search server' },
      { source: 'events', status: 'registered', name: 'events' },
      { source: 'old', status: 'skipped', name: null },
      { source: 'broken', status: 'skipped', name: null },
      { source: 'empty', status: 'skipped', name: null },
    ]);
    for (const { id, name } of items) {
      if (id !== null) expect((await loadMcp(side.deps, id)).definition.name).toBe(name);
    }
    for (const { metadata } of await side.log()) {
      expect(metadata).toMatchObject({ causationId: context.commandId, correlationId: context.correlationId });
    }
  });

  it('leaves alone what is there', async () => {
    const side = await openCommandSide();
    await importMcps(side.deps, newCommand(), desktop);
    const head = await side.store.head();
    const again = await importMcps(side.deps, newCommand(), desktop);
    expect(again.slice(0, 3).map(({ status, id }) => ({ status, id }))).toEqual(
      Array(3).fill({ status: 'exists', id: null }),
    );
    expect(await side.store.head()).toBe(head);
  });

  it('lets one that is refused keep none of the others out', async () => {
    const side = await openCommandSide();
    const file = {
      mcpServers: {
        shell: { command: '/bin/sh' },
        numbers: { command: 'npx', args: [1] },
        '@@': { url: 'https://a.example' },
        fine: { url: 'https://a.example' },
      },
    };
    const items = await importMcps(side.deps, newCommand(), file);
    expect(items.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed', 'registered']);
    expect(items[0]?.errors[0]?.pointer).toBe('/transport/command');
    expect(items[1]?.errors[0]?.pointer).toBe('/transport/args/0');
    expect(items[2]?.errors[0]?.pointer).toBe('/name');
  });

  it('starts no programs for somebody without the permission, and records each denial', async () => {
    const side = await openCommandSide();
    const developer = newCommand({ principal: principal('developer') });
    const items = await importMcps(side.deps, developer, desktop);
    expect(items.slice(0, 3).map(({ status }) => status)).toEqual(['failed', 'registered', 'registered']);
    expect((await side.told()).filter((told) => told === 'denial: AccessDenied')).toHaveLength(1);
  });
});
