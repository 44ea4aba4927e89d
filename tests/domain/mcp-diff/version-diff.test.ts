import { describe, expect, it } from 'vitest';
import { diffVersions } from '../../../src/domain/mcp/diff/version-diff.ts';
import { definition, offer, tool, version } from './given.ts';

describe('the diff of two versions', () => {
  it('points to what differs, tools by name', () => {
    const before = { definition: definition(), offer: offer([tool({ description: 'old' }), tool({ name: 'a/b' })]) };
    const after = {
      definition: definition({
        tags: ['b', 'c'],
        transport: { type: 'streamable-http', url: 'https://example.org/mcp', headers: { 'x-key': { secret: 'key' } } },
      }),
      offer: offer([tool({ name: 'new' }), tool({ description: 'new' })]),
    };
    const { changes, tools } = diffVersions(before, after);
    expect(changes).toEqual([
      { pointer: '/tags', op: 'replace', before: ['a', 'b'], after: ['b', 'c'] },
      { pointer: '/tools/a~1b', op: 'remove', before: tool({ name: 'a/b' }), after: null },
      { pointer: '/tools/echo/description', op: 'replace', before: 'old', after: 'new' },
      { pointer: '/tools/new', op: 'add', before: null, after: tool({ name: 'new' }) },
      { pointer: '/transport/headers', op: 'add', before: null, after: { 'x-key': { secret: 'key' } } },
    ]);
    expect(tools).toEqual({ added: ['new'], removed: ['a/b'], changed: ['echo'] });
  });

  it('takes order for meaning in data, and not in sets', () => {
    const before = tool({
      inputSchema: {
        type: ['object', 'null'],
        required: ['a', 'b'],
        properties: { required: { enum: [1, 2] }, tags: { default: { tags: ['x', 'y'], required: ['x', 'y'] } } },
        dependentRequired: { a: ['b', 'c'] },
        anyOf: [{ minProperties: 1 }, { maxProperties: 3 }],
      },
    });
    const after = tool({
      inputSchema: {
        type: ['null', 'object'],
        required: ['b', 'a', 'a'],
        properties: { required: { enum: [2, 1] }, tags: { default: { tags: ['y', 'x'], required: ['x', 'y'] } } },
        dependentRequired: { a: ['c', 'b'] },
        anyOf: [{ maxProperties: 3 }, { minProperties: 1 }],
      },
    });
    const schema = '/tools/echo/inputSchema';
    expect(diffVersions(version([before]), version([after])).changes.map(({ pointer }) => pointer)).toEqual([
      `${schema}/anyOf/0/maxProperties`,
      `${schema}/anyOf/0/minProperties`,
      `${schema}/anyOf/1/maxProperties`,
      `${schema}/anyOf/1/minProperties`,
      `${schema}/properties/tags/default/tags/0`,
      `${schema}/properties/tags/default/tags/1`,
    ]);
  });

  it('says that a removed tool breaks its callers, and that a new one does not', () => {
    const [with_, without] = [version([tool(), tool({ name: 'add' })]), version([tool()])];
    expect(diffVersions(with_, without).breaking).toEqual([
      { tool: 'add', code: 'tool_removed', reason: 'The tool was removed.', pointer: '/tools/add' },
    ]);
    expect(diffVersions(without, with_).breaking).toEqual([]);
  });

  it('takes a server that was not reached for one that offers nothing', () => {
    const [reached, unreached] = [version([tool()]), { definition: definition(), offer: null }];
    const gone = diffVersions(reached, unreached);
    expect(gone.changes.map(({ op, pointer }) => `${op} ${pointer}`)).toEqual(['remove /server', 'remove /tools/echo']);
    expect(gone.breaking.map(({ code, reason }) => [code, reason])).toEqual([
      ['tool_removed', 'Nothing is known to be offered: the server was not reached yet.'],
    ]);
    expect(diffVersions(unreached, reached).breaking).toEqual([]);
    expect(diffVersions(unreached, reached).tools.added).toEqual(['echo']);
  });

  it('lists changes of the transport without calling them breaking', () => {
    const before = { definition: definition(), offer: offer([tool()]) };
    const moved = definition({ transport: { type: 'stdio', command: 'npx' } });
    const diff = diffVersions(before, { ...before, definition: moved });
    expect(diff.changes.map(({ op, pointer }) => `${op} ${pointer}`)).toEqual([
      'add /transport/command',
      'replace /transport/type',
      'remove /transport/url',
    ]);
    expect(diff.breaking).toEqual([]);
  });

  it('compares prompts, resources and templates by name', () => {
    const before = { definition: definition(), offer: offer([], [{ name: 'a', title: 'A' }, { name: 'b' }]) };
    const after = { definition: definition(), offer: offer([], [{ name: 'b' }, { name: 'a', title: 'B' }]) };
    expect(diffVersions(before, after).changes).toEqual([
      { pointer: '/prompts/a/title', op: 'replace', before: 'A', after: 'B' },
    ]);
  });

  it('shows a second tool under a name that was taken, and checks it too', () => {
    const shadow = tool({ inputSchema: { type: 'object', required: ['token'] } });
    const { changes, tools, breaking } = diffVersions(version([tool()]), version([shadow, tool()]));
    expect(changes).toContainEqual(expect.objectContaining({ op: 'add', pointer: '/tools/echo#2' }));
    expect(tools).toEqual({ added: [], removed: [], changed: ['echo'] });
    expect(breaking.map(({ code }) => code)).toEqual(['input_required_added']);
    expect(diffVersions(version([shadow, tool()]), version([tool(), shadow])).changes).toEqual([]);
  });

  it('warns when a tool no longer promises to be harmless', () => {
    const diff = (before: object | undefined, after: object | undefined) =>
      diffVersions(version([hinted(before)]), version([hinted(after)])).breaking.map(({ pointer }) => pointer);
    const [readOnly, destructive] = ['readOnlyHint', 'destructiveHint'].map(
      (hint) => `/tools/echo/annotations/${hint}`,
    );
    expect(diff({ readOnlyHint: true }, { readOnlyHint: false })).toEqual([readOnly]);
    expect(diff({ readOnlyHint: true }, undefined)).toEqual([readOnly]);
    expect(diff({ destructiveHint: false }, { destructiveHint: true })).toEqual([destructive]);
    expect(diff({ destructiveHint: false }, {})).toEqual([destructive]);
    expect(diff({ readOnlyHint: false }, { readOnlyHint: true })).toEqual([]);
    expect(diff({ destructiveHint: true }, { destructiveHint: false })).toEqual([]);
    expect(diff(undefined, { destructiveHint: true, readOnlyHint: false })).toEqual([]);
  });
});

function hinted(annotations: object | undefined) {
  return tool(annotations ? { annotations: { ...annotations } } : {});
}
