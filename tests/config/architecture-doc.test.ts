import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventTypes } from '../../src/domain/registry.ts';

const page = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8');
const [, streams = ''] = page.split('\n## Streams\n');

describe('docs/architecture.md', () => {
  it('names every type of event among the streams, and no other', () => {
    const named = [...streams.matchAll(/`([A-Z][A-Za-z]+)`/g)].map(([, type]) => type);
    expect(named.toSorted()).toEqual([...eventTypes].toSorted());
  });
});
