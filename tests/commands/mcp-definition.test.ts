import { describe, expect, it } from 'vitest';
import { parseDefinition } from '../../src/commands/mcp-definition.ts';
import { DomainError } from '../../src/domain/error.ts';

const http = { type: 'streamable-http', url: 'https://weather.example/mcp' };
const stdio = { type: 'stdio', command: 'npx' };

function faultsOf(value: unknown): string[] {
  try {
    return expect.fail(`nothing was refused: ${JSON.stringify(parseDefinition(value))}`);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    expect(error).toMatchObject({ kind: 'invalid', code: 'invalid_definition' });
    return error.faults.map(({ pointer }) => pointer);
  }
}

describe('the definition of an mcp', () => {
  it('needs a name and a transport; the rest has defaults', () => {
    expect(parseDefinition({ name: 'weather', transport: http })).toEqual({
      name: 'weather',
      description: '',
      tags: [],
      transport: http,
    });
  });

  it.each(['weather', '天气 2', 'Ärzte.v2_b-c', '1', 'x'.repeat(100)])('may have the name %j', (name) => {
    expect(parseDefinition({ name, transport: http }).name).toBe(name);
  });

  it.each(['', ' a', 'a ', '-a', '.a', 'a/b', 'a\nb', 'a\u200bb', 'a\u0000', 'x'.repeat(101), 7, null])(
    'may not have the name %j',
    (name) => {
      expect(faultsOf({ name, transport: http })).toContain('/name');
    },
  );

  it('may not have a name that could be taken for an id', () => {
    expect(faultsOf({ name: '0198c0de-0000-7000-8000-000000000001', transport: http })).toEqual(['/name']);
    expect(faultsOf({ name: '0198C0DE-0000-7000-8000-00000000000A', transport: http })).toEqual(['/name']);
  });

  it.each([
    { ...stdio, args: ['-y', 'weather@1.0.0'], env: { REGION: 'eu', TOKEN: { secret: 'weather-token' } }, cwd: '/srv' },
    { ...http, headers: { 'X-Region': 'eu', Authorization: { secret: 'weather-token' } } },
    { type: 'sse', url: 'http://127.0.0.1:3001/sse' },
  ])('may have the transport %j', (transport) => {
    expect(parseDefinition({ name: 'a', transport }).transport).toEqual(transport);
  });

  it.each([
    [{ ...stdio, command: '' }, '/transport/command'],
    [{ ...stdio, command: 'npx\nrm' }, '/transport/command'],
    [{ ...stdio, args: ['a\u0000b'] }, '/transport/args/0'],
    [{ ...stdio, args: 'a b' }, '/transport/args'],
    [{ ...stdio, env: { 'A=B': 'c' } }, '/transport/env/A=B'],
    [{ ...stdio, env: { A: 'b\nc' } }, '/transport/env/A'],
    [{ ...stdio, env: { A: 7 } }, '/transport/env/A'],
    [{ ...stdio, env: { A: { secret: 'x', value: 'y' } } }, '/transport/env/A'],
    [{ ...stdio, shell: true }, '/transport'],
    [{ ...stdio, url: http.url }, '/transport'],
    [{ ...http, url: 'ftp://weather.example' }, '/transport/url'],
    [{ ...http, url: 'file:///etc/passwd' }, '/transport/url'],
    [{ ...http, url: 'https://ada:secret@weather.example' }, '/transport/url'],
    [{ ...http, url: 'weather' }, '/transport/url'],
    [{ ...http, headers: { 'X Y': 'z' } }, '/transport/headers/X Y'],
    [{ ...http, headers: { X: 'a\r\nHost: evil' } }, '/transport/headers/X'],
    [{ type: 'websocket', url: 'wss://weather.example' }, '/transport/type'],
    [{}, '/transport/type'],
    [null, '/transport'],
  ])('may not have the transport %j', (transport, pointer) => {
    expect(faultsOf({ name: 'a', transport })).toEqual([pointer]);
  });

  it('names every fault at once', () => {
    expect(faultsOf({ name: '', tags: ['', 7], transport: { ...stdio, args: [1] }, extra: 1 }).sort()).toEqual(
      expect.arrayContaining(['/name', '/tags/0', '/tags/1', '/transport/args/0', '']),
    );
  });

  it.each([{ value: null }, { value: 7 }, { value: 'text' }, { value: [] }])(
    'is an object, not $value',
    ({ value }) => {
      expect(faultsOf(value)).toEqual(['']);
    },
  );
});
