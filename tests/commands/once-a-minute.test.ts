import { describe, expect, test } from 'vitest';
import { createOnceAMinute } from '../../src/commands/once-a-minute.ts';

describe('what is recorded once a minute', () => {
  test('is written once for each thing, and again a minute later', async () => {
    let now = 0;
    const once = createOnceAMinute(() => now);
    const written: string[] = [];
    const record = (kind: string, thing: string) =>
      once(kind, thing, () => Promise.resolve(written.push(`${kind} ${thing}`)));
    for (const thing of ['a', 'b', 'a', 'b']) await record('x', thing);
    await record('y', 'a');
    expect(written).toEqual(['x a', 'x b', 'y a']);
    now = 59_999;
    await record('x', 'a');
    expect(written).toHaveLength(3);
    now = 60_000;
    await record('x', 'a');
    expect(written).toEqual(['x a', 'x b', 'y a', 'x a']);
  });

  test('ends with the word that there may be more, however many different ones come', async () => {
    const once = createOnceAMinute(() => 0);
    const written: boolean[] = [];
    for (const n of Array(1000).keys()) {
      await once('x', String(n), (andMore) => Promise.resolve(written.push(andMore)));
    }
    expect(written).toEqual([...Array<boolean>(30).fill(false), true]);
  });

  test('is written by the next one when it could not be', async () => {
    const once = createOnceAMinute(() => 0);
    await expect(once('x', 'a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    let written = 0;
    await once('x', 'a', () => Promise.resolve(written++));
    expect(written).toBe(1);
  });
});
