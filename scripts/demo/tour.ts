import { isDeepStrictEqual } from 'node:util';

type Json = Readonly<Record<string, unknown>>;

/** Sends requests and shows each of them with its answer, as a person would type and read them. */
export interface Tour {
  say(text: string): void;
  /** @throws Error when the status is another one */
  request(
    method: string,
    path: string,
    body?: unknown,
    options?: { status?: number; show?: (answer: Json) => unknown },
  ): Promise<Json>;
  /** @throws Error naming what was expected */
  expect(what: string, actual: unknown, expected: unknown): void;
  logInAs(token: string): void;
}

export function createTour(url: string): Tour {
  let token: string | undefined;
  let step = 0;
  return {
    say(text) {
      console.log(`\n\x1b[1m${++step}. ${text}\x1b[0m`);
    },
    logInAs(accessToken) {
      token = accessToken;
    },
    async request(method, path, body, { status = 200, show = (answer: Json): unknown => answer } = {}) {
      console.log(`\n  ${method} ${path}${body === undefined ? '' : `  ${JSON.stringify(concealed(body))}`}`);
      const answer = await fetch(url + path, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (answer.status !== status)
        throw new Error(`${method} ${path}: ${answer.status} instead of ${status}\n${text}`);
      const parsed = (text === '' ? {} : JSON.parse(text)) as Json;
      console.log(indent(`${answer.status} ${JSON.stringify(show(parsed), null, 2)}`));
      return parsed;
    },
    expect(what, actual, expected) {
      if (!isDeepStrictEqual(actual, expected)) {
        throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
      }
      console.log(`  ✓ ${what}`);
    },
  };
}

function concealed(body: unknown): unknown {
  return JSON.parse(JSON.stringify(body, (key, value: unknown) => (key === 'password' ? '…' : value)));
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
