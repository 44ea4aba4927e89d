import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { StreamAnswer } from '../answer.ts';

/** Characters that are written at one time. */
const chunk = 64 * 1024;

/**
 * An answer that is written while it is made, no faster than its reader takes it. The first piece is made before the
 * answer begins, so that what is wrong with the request is still answered as a problem.
 */
export async function streamText(
  pieces: AsyncGenerator<string>,
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
      let text = first.done ? '' : first.value;
      for await (const piece of pieces) {
        text += piece;
        if (text.length < chunk) continue;
        await written(response, text);
        text = '';
        // Leaving the loop ends the generator: nothing more is read for a reader that has gone.
        if (response.destroyed) return;
      }
      response.end(text);
    },
  };
}

async function written(response: ServerResponse, text: string): Promise<void> {
  if (response.destroyed || response.write(text)) return;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  await once(response, 'drain', { signal: gone.signal }).catch((error: unknown) => {
    if (!gone.signal.aborted) throw error;
  });
}
