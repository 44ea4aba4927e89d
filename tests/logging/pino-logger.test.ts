import { spawnSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createPinoLogger, type LoggerOptions } from '../../src/infrastructure/logging/pino-logger.ts';
import type { Logger } from '../../src/ports/logger.ts';

/** What a logger writes while `work` runs. */
function written(work: (logger: Logger) => void, options: Partial<LoggerOptions> = {}): string {
  const destination = new PassThrough();
  work(createPinoLogger({ level: 'debug', format: 'json', destination, ...options }));
  return String(destination.read() ?? '');
}

const lineOf = (work: (logger: Logger) => void): Record<string, unknown> =>
  JSON.parse(written(work)) as Record<string, unknown>;

describe('a log line', () => {
  it('is one JSON object with its level as a word, a UTC time, the message and the fields', () => {
    expect(lineOf((logger) => logger.warn({ attempt: 2, stream: 'mcp-1' }, 'tried again'))).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      message: 'tried again',
      attempt: 2,
      stream: 'mcp-1',
    });
  });

  it('is left out below the level asked for', () => {
    const work = (logger: Logger): void => {
      logger.debug({}, 'detail');
      logger.info({}, 'news');
      logger.warn({}, 'worry');
    };
    expect(written(work, { level: 'warn' })).toMatch(/^[^\n]*worry[^\n]*\n$/);
    expect(written(work, { level: 'silent' })).toBe('');
  });

  it('carries the fields of the child that wrote it, and the parent stays as it was', () => {
    const lines = written((logger) => {
      logger.child({ correlationId: 'c-1' }).child({ actor: 'user:1' }).info({}, 'child');
      logger.info({}, 'parent');
    })
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ correlationId: 'c-1', actor: 'user:1', message: 'child' });
    expect(lines[1]).not.toHaveProperty('correlationId');
  });

  it('holds an error with its code, its frames and its causes', () => {
    const error = Object.assign(new TypeError('outer', { cause: new Error('inner') }), { code: 'E_OUTER' });
    expect(lineOf((logger) => logger.error({ error }, 'failed'))['error']).toMatchObject({
      type: 'TypeError',
      message: 'outer',
      code: 'E_OUTER',
      stack: expect.arrayContaining([expect.stringMatching(/^at .*pino-logger\.test\.ts/)]),
      cause: { type: 'Error', message: 'inner' },
    });
  });

  it('survives what cannot be written: circles, depth, big integers, functions, invalid dates', () => {
    const circle: Record<string, unknown> = { big: 10n, call: () => 1, never: new Date(NaN) };
    circle['self'] = circle;
    const deep = JSON.parse('{"a":'.repeat(50) + '1' + '}'.repeat(50)) as unknown;
    expect(lineOf((logger) => logger.info({ circle, deep }, 'odd'))).toMatchObject({
      circle: { big: '10', call: '[function]', never: 'invalid date', self: '[circular]' },
    });
  });

  it('is there before the call returns, even when the process dies at once', () => {
    const module = new URL('../../src/infrastructure/logging/pino-logger.ts', import.meta.url).href;
    const program = `
      const { createPinoLogger } = await import(${JSON.stringify(module)});
      createPinoLogger({ level: 'info', format: 'json' }).info({}, 'last words');
      process.kill(process.pid, 'SIGKILL');`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    expect(stdout).toContain('last words');
  });
});

describe('secrets in a log line', () => {
  const planted = 'planted-5f3a9c';

  it.each([
    'authorization',
    'Authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'password',
    'newPassword',
    'passwordHash',
    'token',
    'accessToken',
    'refresh_token',
    'secret',
    'client_secret',
    'apiKey',
    'X-API-Key',
    'masterKey',
  ])('are blacked out by the name %s, at any depth', (name) => {
    const secret = { [name]: planted };
    const output = written((logger) => {
      logger.child(secret).info({ ...secret, headers: secret, list: [{ deeper: secret }] }, 'request');
      logger.error({ error: Object.assign(new Error('x'), secret) }, 'failed');
    });
    expect(output).not.toContain(planted);
    expect(output.match(/\[redacted\]/g)?.length).toBeGreaterThanOrEqual(4);
  });

  it('are blacked out in the middle of a text and in the credentials of an address', () => {
    const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';
    const output = written((logger) =>
      logger.info(
        { note: `sent Bearer ${planted}abcdef`, url: new URL(`https://user:${planted}@example.com/`) },
        `token was ${jwt}`,
      ),
    );
    expect(output).not.toContain(planted);
    expect(output).not.toContain('c2lnbmF0dXJl');
  });

  it('leave numbers and plain names readable', () => {
    const fields = { tokens: 12, tokenCount: 3, secretless: 'yes', correlationId: 'c' };
    expect(lineOf((logger) => logger.info(fields, 'usage'))).toMatchObject(fields);
  });
});

describe('text from outside in a log line', () => {
  const forged = 'x\n{"level":"error"}\r\n\u001b[31mred\u2028next';

  it.each(['json', 'pretty'] as const)('stays on its line and sends no commands to a terminal (%s)', (format) => {
    const output = written(
      (logger) => {
        logger.info({ user: forged, [forged]: 1, list: [forged] }, forged);
        logger.child({ agent: forged }).info({}, 'child');
      },
      { format },
    );
    expect(output.trimEnd().split(/\r|\n|\u2028/)).toHaveLength(2);
    expect(output).not.toContain('\u001b');
    expect(output).toContain('\\u000a');
  });
});
