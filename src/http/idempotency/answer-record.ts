import type { RecordedAnswer } from '../../domain/idempotency/decider.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { JsonAnswer } from '../answer.ts';
import { entityTag } from '../answer.ts';

/** Bytes of a body that still stands in the event itself. */
const inlineLimit = 64 * 1024;

/** The answer as it is kept, to be given again. */
export async function recordAnswer(blobs: BlobStore, answer: JsonAnswer): Promise<RecordedAnswer> {
  const headers = {
    ...answer.headers,
    ...(answer.revision === undefined ? {} : { ETag: entityTag(answer.revision) }),
    ...(answer.position === undefined ? {} : { 'X-Event-Position': String(answer.position) }),
  };
  const { status, body = null, about } = answer;
  // Sealed where it stands, and erased with the person: blobs are neither.
  if (about !== undefined) return { status, headers, body: { inline: body }, about };
  const bytes = Buffer.from(JSON.stringify(body));
  if (bytes.length <= inlineLimit) return { status, headers, body: { inline: body } };
  const { sha256, size } = await blobs.put(bytes, 'application/json');
  return { status, headers, body: { blob: { sha256, size } } };
}

/** The kept answer, whose body is there still, marked as given before. */
export async function replayAnswer(blobs: BlobStore, { status, headers, body }: RecordedAnswer): Promise<JsonAnswer> {
  return {
    status,
    headers: { ...headers, 'Idempotent-Replayed': 'true' },
    ...withBody('inline' in body ? body.inline : await fromBlob(blobs, body.blob.sha256)),
  };
}

async function fromBlob(blobs: BlobStore, sha256: string): Promise<unknown> {
  const bytes = await blobs.get(sha256);
  if (!bytes) throw new Error(`the body ${sha256} of a recorded answer is missing`);
  return JSON.parse(Buffer.from(bytes).toString('utf8'));
}

function withBody(body: unknown): { body?: unknown } {
  return body === null ? {} : { body };
}
