import { z } from 'zod';
import { DomainError } from '../../domain/error.ts';
import { duplicateKey } from '../middleware/duplicate-keys.ts';
import { parseInput } from '../route/parse-input.ts';

const topic = z
  .string()
  .regex(/^(?:events|(?:executions|mcps)\/[^/]{1,200})$/, 'must be "events", "executions/<id>" or "mcps/<id>"');
const after = z.int().min(0).exactOptional();

const auth = z.strictObject({ auth: z.strictObject({ token: z.string().min(1).max(4096) }) });
const subscribe = z.strictObject({ subscribe: z.strictObject({ topic, after }) });
const unsubscribe = z.strictObject({ unsubscribe: z.strictObject({ topic }) });

export type ClientMessage = z.output<typeof auth> | z.output<typeof subscribe> | z.output<typeof unsubscribe>;

/** @throws DomainError `invalid_message`; HttpProblem `invalid_input` naming the faults */
export function parseMessage(data: Buffer, isBinary: boolean): ClientMessage {
  const value = isBinary ? undefined : jsonOf(data.toString('utf8'));
  if (typeof value !== 'object' || value === null) throw invalid();
  const schema =
    'auth' in value ? auth : 'subscribe' in value ? subscribe : 'unsubscribe' in value ? unsubscribe : undefined;
  if (!schema) throw invalid();
  return parseInput({ body: schema }, { params: undefined, query: undefined, body: value }).body as ClientMessage;
}

function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return duplicateKey(text) === undefined ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function invalid(): DomainError {
  const message = 'a message is a JSON object with "auth", "subscribe" or "unsubscribe"';
  return new DomainError('invalid', 'invalid_message', message);
}
