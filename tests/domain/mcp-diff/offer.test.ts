import { describe, expect, it } from 'vitest';
import { canonicalOffer, offerChanges, sameOffer } from '../../../src/domain/mcp/diff/offer.ts';
import { offer, tool } from './given.ts';

const echo = tool({ description: 'says it again', inputSchema: { type: 'object', required: ['a', 'b'] } });
const add = tool({ name: 'add' });

describe('two offers', () => {
  it('are the same whatever their order', () => {
    const reordered = {
      inputSchema: { required: ['b', 'a'], type: 'object' },
      description: 'says it again',
      name: 'echo',
    };
    expect(sameOffer(offer([echo, add]), offer([add, reordered]))).toBe(true);
    expect(canonicalOffer(offer([echo, add]))).toBe(canonicalOffer(offer([add, reordered])));
    expect(offerChanges(offer([echo, add]), offer([add, reordered]))).toEqual({ added: [], removed: [], changed: [] });
  });

  it.each([
    ['a word of a description', tool({ ...echo, description: 'says it again!' })],
    ['a character that is not seen', tool({ ...echo, description: 'says it again\u200b' })],
    ['a nested field', tool({ ...echo, inputSchema: { ...echo.inputSchema, properties: { a: { title: 'A' } } } })],
    ['a hint', tool({ ...echo, annotations: { readOnlyHint: false } })],
    ['a field this product does not read', tool({ ...echo, _meta: { a: 1 } })],
  ])('differ by %s', (_, changed) => {
    expect(sameOffer(offer([echo, add]), offer([changed, add]))).toBe(false);
    expect(canonicalOffer(offer([echo]))).not.toBe(canonicalOffer(offer([changed])));
    expect(offerChanges(offer([echo, add]), offer([changed, add])).changed).toEqual(['echo']);
  });

  it('differ by tools that come, go or take a name twice', () => {
    expect(offerChanges(offer([echo]), offer([add]))).toEqual({ added: ['add'], removed: ['echo'], changed: [] });
    expect(offerChanges(null, offer([echo]))).toEqual({ added: ['echo'], removed: [], changed: [] });
    expect(offerChanges(offer([echo]), offer([echo, tool()]))).toEqual({ added: [], removed: [], changed: ['echo'] });
    expect(sameOffer(offer([echo]), offer([echo, echo]))).toBe(false);
  });

  it('differ by a prompt, without any tool having changed', () => {
    const other = offer([echo], [{ name: 'hello' }]);
    expect(sameOffer(offer([echo]), other)).toBe(false);
    expect(offerChanges(offer([echo]), other)).toEqual({ added: [], removed: [], changed: [] });
  });
});
