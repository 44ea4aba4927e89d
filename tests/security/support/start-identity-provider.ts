import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { JWK } from 'jose';
import type { Person } from './identity-provider.ts';

export interface StartedProvider {
  readonly issuer: string;
  /** Who signs in from now on. */
  signsIn(person: Person): Promise<void>;
  close(): Promise<void>;
}

interface Options {
  /** What it gives access tokens for, to clients that register themselves; absent: it signs people in, and no more. */
  readonly resources?: readonly string[];
  /** A private RSA key to sign with; absent: one of its own. */
  readonly key?: JWK;
}

/** Starts the identity provider of the tests. @param redirectUri where it may send browsers back to */
export async function startIdentityProvider(
  redirectUri: string,
  { resources = [], key }: Options = {},
): Promise<StartedProvider> {
  const file = fileURLToPath(new URL('identity-provider.ts', import.meta.url));
  const child = spawn(process.execPath, [file, redirectUri, ...resources], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, ...(key === undefined ? {} : { ANNALS_TEST_SIGNING_KEY: JSON.stringify(key) }) },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const told = async (word: string): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('the identity provider has ended');
      if (value.startsWith(`${word} `)) return value.slice(word.length + 1);
    }
  };
  const issuer = await told('listening');
  return {
    issuer,
    async signsIn(person) {
      child.stdin.write(`${JSON.stringify(person)}\n`);
      await told('ready');
    },
    async close() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
