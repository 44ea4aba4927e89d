import type { IncomingMessage } from 'node:http';
import { type UpstreamError } from '../../ports/upstream.ts';
import { socketFailure } from './http-failure.ts';
import { tooLarge } from './stdio-wire.ts';

/**
 * Reads a body to its end, keeping at most `maxBytes`; past that the connection is cut.
 * `done` is called once, with the text or with what went wrong.
 */
export function readBody(
  response: IncomingMessage,
  maxBytes: number,
  done: (error: UpstreamError | undefined, text: string) => void,
): void {
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let size = 0;
  let over = false;
  const finish = (error: UpstreamError | undefined, text: string): void => {
    if (over) return;
    over = true;
    done(error, text);
  };
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) {
      finish(tooLarge(maxBytes), '');
      response.destroy();
    } else if (first === undefined) first = chunk;
    else (more ??= [first]).push(chunk);
  });
  response.on('end', () => finish(undefined, (more === undefined ? first : Buffer.concat(more))?.toString() ?? ''));
  response.on('error', (error) => finish(socketFailure(error), ''));
}
