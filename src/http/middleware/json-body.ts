import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { HttpProblem } from '../problem/http-problem.ts';
import { tooLarge } from '../problem/parser-problem.ts';
import { duplicateKey } from './duplicate-keys.ts';
import { checkShape } from './json-shape.ts';

export type ReadBody = (request: Request, response: Response) => Promise<unknown>;

const mediaTypes: ReadonlySet<string> = new Set(['application/json', 'application/merge-patch+json']);

/**
 * Reads the JSON body of a request; undefined when it has none. What is too large, not JSON, not UTF-8, nested too deeply, or
 * says something twice is refused before anything looks at it.
 * @param limitBytes of the body as sent and as unpacked
 */
export function createBodyReader(limitBytes: number): ReadBody {
  const texts = new WeakMap<IncomingMessage, Buffer>();
  const parse: RequestHandler = express.json({
    limit: limitBytes,
    type: isJson,
    verify: (request, _response, bytes) => {
      if (!isUtf8(bytes)) throw badEncoding();
      texts.set(request, bytes);
    },
  });
  return async (request, response) => {
    const { headers } = request;
    const length = headers['content-length'];
    if (length === '0' || (length === undefined && headers['transfer-encoding'] === undefined)) return undefined;
    if (!isJson(request)) {
      throw new HttpProblem(415, 'unsupported_media_type', 'the Content-Type must be application/json, in UTF-8');
    }
    // Known before anything is read.
    if (Number(length) > limitBytes) throw tooLarge();
    await new Promise<void>((resolve, reject) => {
      parse(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(asError(error))));
    });
    const body: unknown = request.body;
    checkShape(body);
    checkNames(texts.get(request));
    return body;
  };
}

function checkNames(bytes: Buffer | undefined): void {
  const pointer = bytes === undefined ? undefined : duplicateKey(bytes.toString('utf8'));
  if (pointer === undefined) return;
  const faults = [{ pointer, detail: 'stands in its object twice' }];
  throw new HttpProblem(400, 'duplicate_key', 'the body has a name twice in one object', { faults });
}

function isJson({ headers }: IncomingMessage): boolean {
  const type = headers['content-type'];
  if (typeof type !== 'string') return false;
  if (type === 'application/json') return true;
  const charset = /;\s*charset="?([^\s;"]*)/i.exec(type)?.[1];
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8') return false;
  return mediaTypes.has((type.split(';', 1)[0] ?? '').trim().toLowerCase());
}

function badEncoding(): Error {
  // body-parser wraps what `verify` throws and keeps its type.
  return Object.assign(new Error('the body is not UTF-8'), { type: 'encoding.invalid' });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
