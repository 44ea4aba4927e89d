import type { IncomingMessage } from 'node:http';
import { HttpProblem } from '../problem/http-problem.ts';
import { tooLarge } from '../problem/parser-problem.ts';

/** The fields of a form. */
export interface Form {
  readonly get: (name: string) => string | null;
  readonly all: (name: string) => readonly string[];
}

const mostBytes = 16 * 1024;

/** Reads the body of a form (`application/x-www-form-urlencoded`). @throws HttpProblem 413, 415 */
export async function readForm(request: IncomingMessage): Promise<Form> {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') {
    throw new HttpProblem(415, 'unsupported_media_type', 'this takes a form');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBytes) throw tooLarge();
    chunks.push(chunk);
  }
  const fields = new URLSearchParams(Buffer.concat(chunks).toString());
  return { get: (name) => fields.get(name), all: (name) => fields.getAll(name) };
}
