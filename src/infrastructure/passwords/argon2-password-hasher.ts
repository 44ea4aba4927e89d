import { argon2, type Argon2Parameters, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { PasswordHasher } from '../../ports/password-hasher.ts';
import { createSlots } from './slots.ts';

/** What a hash costs. The defaults are the first choice of OWASP's Password Storage Cheat Sheet for argon2id. */
export interface Argon2Cost {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

interface ParsedHash extends Argon2Cost {
  readonly salt: Buffer;
  readonly tag: Buffer;
}

const argon2Async = promisify(argon2);
/** Computes a tag: `crypto.argon2`, as a promise. */
export type Derive = (algorithm: 'argon2id', parameters: Argon2Parameters) => Promise<Buffer>;

const tagBytes = 32;
const phcPattern =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,})\$([A-Za-z0-9+/]{22,})$/;

/**
 * Argon2id (RFC 9106) on the thread pool, in PHC strings. At most `concurrency` hashes are computed at one time, so that
 * a flood of logins takes neither all the memory nor all the threads of the process.
 * @throws Error `verify` was given a hash that is not one of argon2id
 */
export function createArgon2PasswordHasher(
  cost: Argon2Cost = { memory: 19_456, passes: 2, parallelism: 1 },
  concurrency = 2,
  derive: Derive = argon2Async,
): PasswordHasher {
  const inSlot = createSlots(concurrency);
  const compute = (password: string, { memory, passes, parallelism }: Argon2Cost, nonce: Buffer, tagLength: number) =>
    inSlot(() => {
      return derive('argon2id', { message: password.normalize('NFKC'), nonce, memory, passes, parallelism, tagLength });
    });
  // Compared with when the user is unknown: the same work as for a known one, and never equal to anything.
  const nobody: ParsedHash = { ...cost, salt: randomBytes(16), tag: randomBytes(tagBytes) };
  return {
    async hash(password) {
      const salt = randomBytes(16);
      return format({ ...cost, salt, tag: await compute(password, cost, salt, tagBytes) });
    },
    async verify(phc, password) {
      const expected = phc === undefined ? nobody : parse(phc);
      const actual = await compute(password, expected, expected.salt, expected.tag.length);
      return timingSafeEqual(actual, expected.tag) && phc !== undefined;
    },
  };
}

function format({ memory, passes, parallelism, salt, tag }: ParsedHash): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`;
}

function parse(phc: string): ParsedHash {
  const [, memory, passes, parallelism, salt, tag] = phcPattern.exec(phc) ?? [];
  if (salt === undefined || tag === undefined) throw new Error('this password hash is not one of argon2id');
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
