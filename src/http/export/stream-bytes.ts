import { once } from 'node:events';
import type { StreamAnswer } from '../answer.ts';

/**
 * Bytes that are written while they are made, no faster than their reader takes them. The first piece is made before the
 * answer begins, so that what fails at once is answered as a problem; what fails later breaks the connection.
 */
export async function streamBytes(
  pieces: AsyncGenerator<Uint8Array>,
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
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      for (let piece = first; piece.done !== true; piece = await pieces.next()) {
        if (!response.write(piece.value)) {
          await once(response, 'drain', { signal: gone.signal }).catch((error: unknown) => {
            if (!gone.signal.aborted) throw error;
          });
        }
        // Nothing more is read for a reader that has gone.
        if (response.destroyed) {
          await pieces.return(undefined);
          return;
        }
      }
      response.end();
    },
  };
}
