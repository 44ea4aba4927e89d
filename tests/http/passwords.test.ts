import { argon2, type Argon2Parameters } from 'node:crypto';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createArgon2PasswordHasher } from '../../src/infrastructure/passwords/argon2-password-hasher.ts';
import { createSlots } from '../../src/infrastructure/passwords/slots.ts';

const cheap = createArgon2PasswordHasher({ memory: 64, passes: 1, parallelism: 1 });

describe('a password hash', () => {
  test('opens for its password alone', async () => {
    const phc = await cheap.hash('correct horse');
    expect(await cheap.verify(phc, 'correct horse')).toBe(true);
    expect(await cheap.verify(phc, 'correct horsf')).toBe(false);
    expect(await cheap.verify(phc, '')).toBe(false);
  });

  test('is a PHC string with a salt of its own', async () => {
    const [one, other] = [await cheap.hash('same'), await cheap.hash('same')];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(one).not.toBe(other);
  });

  test('opens whatever cost it was made with', async () => {
    const dearer = createArgon2PasswordHasher({ memory: 256, passes: 3, parallelism: 2 });
    expect(await cheap.verify(await dearer.hash('x'), 'x')).toBe(true);
  });

  test('is the one that RFC 9106’s reference program makes', async () => {
    // argon2 "somesalt" -id -t 2 -m 16 -p 1 -e, of the password "password" (the reference implementation's test vectors)
    const phc = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    expect(await cheap.verify(phc, 'password')).toBe(true);
    expect(await cheap.verify(phc, 'passwore')).toBe(false);
  });

  test('takes a composed and a decomposed letter for the same', async () => {
    expect(await cheap.verify(await cheap.hash('caf\u00e9'), 'cafe\u0301')).toBe(true);
  });

  test('of nobody opens for nothing, after the same work', async () => {
    const work: Omit<Argon2Parameters, 'message' | 'nonce'>[] = [];
    const counted = createArgon2PasswordHasher(undefined, 1, (algorithm, parameters) => {
      const { message, nonce, ...cost } = parameters;
      work.push(cost);
      expect(message).toBe('y');
      expect(nonce).toHaveLength(16);
      return promisify(argon2)(algorithm, parameters);
    });
    const usual = createArgon2PasswordHasher();
    expect(await counted.verify(await usual.hash('x'), 'y')).toBe(false);
    const forKnown = work.splice(0);
    expect(await counted.verify(undefined, 'y')).toBe(false);
    expect(forKnown).toEqual([{ memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 }]);
    expect(work).toEqual(forKnown);
  });

  test('of another kind is an error, and never a match', async () => {
    await expect(cheap.verify('$2b$10$abcdefghijklmnopqrstuv', 'x')).rejects.toThrow('argon2id');
  });
});

test('no more work runs at one time than there are slots, and all of it runs', async () => {
  const inSlot = createSlots(2);
  let running = 0;
  let most = 0;
  const work = async (n: number) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    if (n === 3) throw new Error('one fails');
    return n;
  };
  const results = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => inSlot(() => work(n))));
  expect(most).toBe(2);
  expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(9);
});
