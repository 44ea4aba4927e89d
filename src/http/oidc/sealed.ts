import { timingSafeEqual } from 'node:crypto';
import type { CommandDeps } from '../../commands/deps.ts';

type Sealing = Pick<CommandDeps, 'keyedHash' | 'clock'>;

/**
 * A text that carries a value for a while, through hands that may read it and cannot change it.
 * @param purpose a text sealed for one purpose is none for another
 */
export function seal({ keyedHash, clock }: Sealing, purpose: string, value: object, ttlMs: number): string {
  const body = Buffer.from(JSON.stringify({ ...value, until: clock() + ttlMs })).toString('base64url');
  return `${body}.${keyedHash(`sealed:${purpose}:${body}`)}`;
}

/** The value; undefined when it was not sealed here for this purpose, or is over. */
export function unseal(
  { keyedHash, clock }: Sealing,
  purpose: string,
  text: string,
): Readonly<Record<string, unknown>> | undefined {
  const [body = '', proof = '', ...more] = text.split('.');
  const [given, expected] = [Buffer.from(proof), Buffer.from(keyedHash(`sealed:${purpose}:${body}`))];
  if (more.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const value = JSON.parse(Buffer.from(body, 'base64url').toString()) as Readonly<Record<string, unknown>>;
  return typeof value['until'] === 'number' && value['until'] > clock() ? value : undefined;
}
