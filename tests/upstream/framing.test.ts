import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventStream, type ServerEvent } from '../../src/mcp/upstream/event-stream.ts';
import { MessageLines } from '../../src/mcp/upstream/message-lines.ts';
import { TextLines } from '../../src/mcp/upstream/text-lines.ts';

/** Bytes, cut at arbitrary places. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((left, right) => left - right);
  return [0, ...places].map((start, index) => bytes.subarray(start, places[index] ?? bytes.length));
}

const cuts = fc.array(fc.nat(), { maxLength: 12 });

/** Bytes held by what can still be reached. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const MB = 1024 * 1024;

test('what has no end is not kept', async () => {
  const nothing = () => undefined;
  const lines = new MessageLines({ maxBytes: MB, onLine: nothing, onTooLong: nothing, onEndless: nothing });
  const events = new EventStream({ maxLength: MB, onEvent: nothing, onTooLong: nothing });
  const words = new TextLines(nothing);
  for (const reader of [lines, events, words]) {
    const before = heldBytes();
    for (let count = 0; count < 40; count++) reader.feed(Buffer.alloc(MB, `data: ${count}`));
    // What the collector frees goes back in the background, a moment after it has run.
    await expect.poll(() => heldBytes() - before, { timeout: 5000 }).toBeLessThan(3 * MB);
    reader.feed(Buffer.from('\n'));
  }
});

describe('a stream of events', () => {
  function read(chunks: readonly Buffer[], maxLength = 1_000_000) {
    const events: ServerEvent[] = [];
    let tooLong = 0;
    const stream = new EventStream({ maxLength, onEvent: (event) => events.push(event), onTooLong: () => tooLong++ });
    for (const chunk of chunks) stream.feed(chunk);
    return { events, tooLong, lastEventId: stream.lastEventId, retryMs: stream.retryMs };
  }

  test('is the same however its bytes are cut, and whichever line ends it has', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replace(/[\r\n]/g, ' '));
    const event = fc.record({
      type: fc.constantFrom('', 'message', 'endpoint'),
      data: fc.array(line, { minLength: 1, maxLength: 3 }),
    });
    const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
    fc.assert(
      fc.property(fc.array(event, { maxLength: 5 }), lineEnd, fc.boolean(), cuts, (events, end, mark, places) => {
        const lines = events.flatMap(({ type, data }) => [
          ': a comment',
          ...(type === '' ? [] : [`event: ${type}`]),
          ...data.map((text) => `data: ${text}`),
          '',
        ]);
        const bytes = Buffer.from(
          (mark ? '\uFEFF' : '') + lines.map((text) => text + end).join('') + (end === '\r' ? ':' : ''),
        );
        expect(read(pieces(bytes, places)).events).toEqual(
          events.map(({ type, data }) => ({ type: type === '' ? 'message' : type, data: data.join('\n') })),
        );
      }),
    );
  });

  test('tells where it can be taken up again', () => {
    const { events, ...place } = read([
      Buffer.from('retry: 250\nid: 7\ndata\n\nid:8\nretry: soon\ndata:x\n\ndata: unfinished'),
    ]);
    expect(place).toEqual({ tooLong: 0, lastEventId: '8', retryMs: 250 });
    expect(events.map(({ data }) => data)).toEqual(['', 'x']);
  });

  test('passes over an event that is too long, in one line or in many, and goes on after it', () => {
    fc.assert(
      fc.property(cuts, fc.boolean(), (places, manyLines) => {
        const long = manyLines ? 'data: xxxxxxxxx\n'.repeat(40) : `data: ${'x'.repeat(360)}\n`;
        const { events, tooLong } = read(pieces(Buffer.from(`data: a\n\n${long}\ndata: b\n\n`), places), 100);
        expect(events.map(({ data }) => data)).toEqual(['a', 'b']);
        expect(tooLong).toBe(1);
      }),
    );
  });
});

describe('message lines', () => {
  function read(chunks: readonly Buffer[], maxBytes: number) {
    const lines: string[] = [];
    const tooLong: (number | undefined)[] = [];
    let endless = 0;
    const reader = new MessageLines({
      maxBytes,
      onLine: (line) => lines.push(line),
      onTooLong: (id) => tooLong.push(id),
      onEndless: () => endless++,
    });
    for (const chunk of chunks) reader.feed(chunk);
    return { lines, tooLong, endless };
  }

  test('are the same however their bytes are cut', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replaceAll('\n', ' '));
    fc.assert(
      fc.property(fc.array(line), cuts, (lines, places) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        expect(read(pieces(bytes, places), 1000)).toEqual({
          lines: lines.map((text) => text),
          tooLong: [],
          endless: 0,
        });
      }),
    );
  });

  const padding = 'x'.repeat(3000);
  test.each([
    ['first', `{"jsonrpc":"2.0","id":1234,"result":{"id":9,"a":"${padding}"}}`, 1234],
    ['first, spaced', `  { "id" : 1234 , "result":{"a":"${padding}"}}`, 1234],
    ['last', `{"result":{"a":"${padding}"},"jsonrpc":"2.0","id":1234}`, 1234],
    ['last but one', `{"result":{"a":"${padding}"},"id":1234,"jsonrpc":"2.0"}`, 1234],
    ['nowhere to be seen', `{"result":{"a":"${padding}","id":7}}`, undefined],
    ['only in a string', `{"result":{"a":"${padding}\\",\\"id\\":7}"}}`, undefined],
    ['in the middle', `{"result":{"a":"${padding}"},"id":1234,"x":"${padding}"}`, undefined],
  ])('that are too long are passed over, with the id that is %s', (_, line, id) => {
    fc.assert(
      fc.property(cuts, (places) => {
        const { lines, tooLong, endless } = read(pieces(Buffer.from(`a\n${line}\nb\n`), places), 2000);
        expect({ lines, tooLong, endless }).toEqual({ lines: ['a', 'b'], tooLong: [id], endless: 0 });
      }),
    );
  });

  test('that do not end are told of once, and kept no more of than the limit', () => {
    const chunk = Buffer.alloc(1000, 'x');
    const { lines, tooLong, endless } = read(
      Array.from({ length: 100 }, () => chunk),
      5000,
    );
    expect({ lines, tooLong, endless }).toEqual({ lines: [], tooLong: [], endless: 1 });
  });
});

test('lines of text are the same however their bytes are cut, and long ones come in pieces', () => {
  fc.assert(
    fc.property(cuts, (places) => {
      const lines: string[] = [];
      const reader = new TextLines((line) => lines.push(line));
      for (const chunk of pieces(Buffer.from('Grüezi\r\n\n你好\nlast'), places)) reader.feed(chunk);
      reader.end();
      expect(lines).toEqual(['Grüezi', '', '你好', 'last']);
    }),
  );
  const lines: string[] = [];
  const reader = new TextLines((line) => lines.push(line));
  for (let count = 0; count < 100; count++) reader.feed(Buffer.alloc(1000, 'x'));
  reader.end();
  expect(lines.join('')).toHaveLength(100_000);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(4096);
});
