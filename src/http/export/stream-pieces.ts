import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { StreamAnswer } from '../answer.ts';

/** Characters of a text that are written at one time. */
const chunk = 64 * 1024;

/**
 * Pieces that are written while they are made, no faster than their reader takes them. The first piece is made before the
 * answer begins, so that what fails at once is answered as a problem; what fails later breaks the connection.
 */
export async function streamPieces(
  pieces: AsyncGenerator<Uint8Array | string>,
  contentType: string,
  fileName: string,
): Promise<StreamAnswer> {
  const first = await pieces.next();
  return {
    kind: 'stream',
    status: 200,
    contentType,
    headers: { 'Content-Disposition': `attachment; filename="${fileName}"` },
    async write(response) {
      for (let piece = first; piece.done !== true; piece = await pieces.next()) {
        await written(response, piece.value);
        // Nothing more is read for a reader that has gone.
        if (response.destroyed) {
          await pieces.return(undefined);
          return;
        }
      }
      response.end();
    },
    async discard() {
      await pieces.return(undefined);
    },
  };
}

/** The same of a text in small pieces, which are written many at a time. */
export function streamText(
  pieces: AsyncGenerator<string>,
  contentType: string,
  fileName: string,
): Promise<StreamAnswer> {
  return streamPieces(inChunks(pieces), contentType, fileName);
}

/** The first piece by itself, so that it need not wait for others; then many together. */
async function* inChunks(pieces: AsyncGenerator<string>): AsyncGenerator<string> {
  let text = '';
  let least = 1;
  for await (const piece of pieces) {
    text += piece;
    if (text.length < least) continue;
    yield text;
    text = '';
    least = chunk;
  }
  if (text !== '') yield text;
}

async function written(response: ServerResponse, piece: Uint8Array | string): Promise<void> {
  if (response.destroyed || response.write(piece)) return;
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  response.once('close', onClose);
  try {
    await once(response, 'drain', { signal: gone.signal });
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    response.off('close', onClose);
  }
}
