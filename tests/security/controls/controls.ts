/** A defence, and the test that has to fail without it. */
export interface Control {
  readonly defence: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly present: string;
  /** What takes its place, and disables it. */
  readonly disabled: string;
  /** The test file that attacks it, and a part of the name of a test that has to turn red. */
  readonly test: string;
  readonly red: RegExp;
}

export const controls: readonly Control[] = [
  {
    defence: 'variables that steer loaders and interpreters are refused',
    file: 'src/mcp/upstream/stdio-launch.ts',
    present: 'if (STEERING.test(name)) throw',
    disabled: 'if (name === "") throw',
    test: 'sec02-launch-injection.test.ts',
    red: /LD_PRELOAD/,
  },
  {
    defence: 'options that run something else are refused',
    file: 'src/mcp/upstream/stdio-launch.ts',
    present: 'if (option !== undefined) throw',
    disabled: 'if (option === "") throw',
    test: 'sec02-launch-injection.test.ts',
    red: /node -e/,
  },
  {
    defence: 'programs get an environment of their own',
    file: 'src/mcp/upstream/stdio-wire.ts',
    present: '{ cwd, env, detached: true',
    disabled: '{ cwd, env: { ...process.env, ...env, ANNALS_PLANTED: "x" }, detached: true',
    test: 'sec02-launch-injection.test.ts',
    red: /nothing of the platform’s own/,
  },
  {
    defence: 'programs have limits',
    file: 'src/mcp/confine/limits.ts',
    present: '[`--nofile=${openFiles}`]',
    disabled: '[]',
    test: 'sec03-sandbox.test.ts',
    red: /open files/,
  },
  {
    defence: 'tokens for another use are refused',
    file: 'src/http/auth/token-check.ts',
    present: 'accessClaimsOf(payload, clock()) ?? false',
    disabled: 'accessClaimsOf({ ...(payload as object), iat: 0, use: "access" }, clock()) ?? false',
    test: 'sec04-tokens.test.ts',
    red: /for another use/,
  },
  {
    defence: 'tokens are for this API only',
    file: 'src/http/auth/token-check.ts',
    present: 'issuer, audience, typ: tokenType, requiredClaims',
    disabled: 'requiredClaims',
    test: 'sec04-tokens.test.ts',
    red: /for another audience/,
  },
  {
    defence: 'the clock never goes back',
    file: 'src/app/forward-clock.ts',
    present: 'ahead = Math.max(ahead, now - elapsed);',
    disabled: 'ahead = now - elapsed;',
    test: 'clock-jumps.test.ts',
    red: /jumps by an hour/,
  },
  {
    defence: 'addresses inside are not reached',
    file: 'src/app/start.ts',
    present: 'allowLoopback: config.listensOnLoopback',
    disabled: 'allowLoopback: true',
    test: 'sec06-ssrf.test.ts',
    red: /127\.0\.0\.1/,
  },
  {
    defence: 'weak keys are refused on a public address',
    file: 'src/config/weak-secrets.ts',
    present: "if (exampleWords.test(text)) return 'looks like an example from a document';",
    disabled: '',
    test: 'sec09-weak-secrets.test.ts',
    red: /an example as key/,
  },
  {
    defence: 'open feeds ask anew whether they may go on',
    file: 'src/http/feed/feed.ts',
    present: 'setInterval(() => readers.forEach(renew), settings.renewMs)',
    disabled: 'setInterval(() => readers.forEach(renew), 10 * settings.renewMs ** 2)',
    test: 'sec11-open-streams.test.ts',
    red: /session is ended|token is over/,
  },
  {
    defence: 'bodies have a greatest depth',
    file: 'src/http/middleware/json-shape.ts',
    present: 'const maxDepth = 64;',
    disabled: 'const maxDepth = 1e9;',
    test: 'sec13-exhaustion.test.ts',
    red: /levels/,
  },
  {
    defence: 'silent clients are sent away',
    file: 'src/http/server.ts',
    present: 'headersTimeout: headMs, requestTimeout: requestMs,',
    disabled: 'headersTimeout: 0, requestTimeout: 0,',
    test: 'sec13-exhaustion.test.ts',
    red: /letter at a time/,
  },
  {
    defence: 'words of a search are never syntax',
    file: 'src/infrastructure/read-stores/words/search-words.ts',
    present: "quoted.push(`\"${segment(piece).replaceAll('\\0', ' ')}\"`);",
    disabled: 'quoted.push(piece);',
    test: 'sec24-injection.test.ts',
    red: /every filter/,
  },
  {
    defence: 'answers have helmet’s headers',
    file: 'src/http/server.ts',
    present: 'createAnswerWriter(securityHeaders(), metrics)',
    disabled: 'createAnswerWriter({}, metrics)',
    test: 'sec25-responses.test.ts',
    red: /answers without traces/,
  },
];
