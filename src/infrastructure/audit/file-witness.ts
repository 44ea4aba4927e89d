import { closeSync, existsSync, fstatSync, fsyncSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Witness } from '../../ports/audit-record.ts';

const CHUNK = 64 * 1024;

interface Line {
  readonly sequence: number;
  readonly checkpoint: string;
}

/**
 * A file to which a JSON line is added for each checkpoint. One process at a time writes to it. Where lines begin is kept in
 * memory, and what others have added since is read when it is asked for.
 */
export function openFileWitness(path: string): Witness {
  const places = new Map<number, { readonly at: number; readonly length: number }>();
  let last = 0;
  let readTo = 0;

  const withFile = <Result>(mode: 'r' | 'a+', work: (file: number) => Result): Result => {
    const file = openSync(path, mode, 0o644);
    try {
      return work(file);
    } finally {
      closeSync(file);
    }
  };

  /** Notes where the lines are that were added since; one that was cut off is no line. */
  const catchUp = (file: number): void => {
    const { size } = fstatSync(file);
    let rest = Buffer.alloc(0);
    for (let at = readTo; at < size;) {
      const chunk = Buffer.alloc(Math.min(CHUNK, size - at));
      at += readSync(file, chunk, 0, chunk.length, at);
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
        const sequence = lineOf(rest.subarray(0, end))?.sequence;
        if (sequence !== undefined && !places.has(sequence)) places.set(sequence, { at: readTo, length: end });
        last = Math.max(last, sequence ?? 0);
        readTo += end + 1;
        rest = rest.subarray(end + 1);
      }
    }
  };

  return {
    last: async () => {
      if (existsSync(path)) withFile('r', catchUp);
      return last;
    },
    read: async (sequence) => {
      if (!existsSync(path)) return undefined;
      return withFile('r', (file) => {
        catchUp(file);
        const place = places.get(sequence);
        if (place === undefined) return undefined;
        const line = Buffer.alloc(place.length);
        readSync(file, line, 0, place.length, place.at);
        return lineOf(line)?.checkpoint;
      });
    },
    write: async (sequence, checkpoint) => {
      mkdirSync(dirname(path), { recursive: true });
      return withFile('a+', (file) => {
        catchUp(file);
        if (places.has(sequence)) return 'taken';
        // What was cut off is ended, so that this line begins at a beginning.
        const begin = fstatSync(file).size > readTo ? '\n' : '';
        writeSync(file, `${begin}${JSON.stringify({ sequence, checkpoint } satisfies Line)}\n`);
        fsyncSync(file);
        return 'written';
      });
    },
  };
}

function lineOf(bytes: Buffer): Line | undefined {
  try {
    const line = JSON.parse(bytes.toString()) as Partial<Line> | null;
    if (typeof line?.sequence !== 'number' || typeof line.checkpoint !== 'string') return undefined;
    return { sequence: line.sequence, checkpoint: line.checkpoint };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
