import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { createEgressPolicy } from '../../src/infrastructure/egress/egress-policy.ts';
import { createUpstreams, type UpstreamsOptions } from '../../src/mcp/upstream/upstreams.ts';
import type { ToolResult } from '../../src/domain/execution/result.ts';
import type { Transport } from '../../src/domain/mcp/definition.ts';
import type { Logger } from '../../src/ports/logger.ts';
import { UpstreamError, type Upstreams, type UpstreamTarget } from '../../src/ports/upstream.ts';

export interface LoggedLine {
  readonly message: string;
  readonly kind: unknown;
}

/** Connections for one test, closed when it ends; and what they wrote to the log. */
export function startUpstreams(options: Partial<UpstreamsOptions> = {}): {
  readonly upstreams: Upstreams;
  readonly logged: readonly LoggedLine[];
} {
  const logged: LoggedLine[] = [];
  const log: Logger['warn'] = ({ kind }, message) => void logged.push({ kind, message });
  const logger: Logger = { debug: log, info: log, warn: log, error: log, child: () => logger };
  const egress = createEgressPolicy({ allow: [], allowLoopback: true });
  const upstreams = createUpstreams({
    egress,
    stdioAllow: ['node'],
    environment: process.env,
    logger,
    client: { name: 'annals-tests', version: '0.0.0' },
    killGraceMs: 200,
    backoff: { firstMs: 30, maxMs: 200 },
    ...options,
  });
  onTestFinished(async () => {
    await upstreams.close();
    egress.close();
  });
  return { upstreams, logged };
}

let targets = 0;

/** A target that no other test names. */
export function target(transport: Transport): UpstreamTarget {
  return { mcpId: `mcp-${++targets}`, version: 1, transport };
}

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

export function misbehavingStdio(mode = 'well', env: Record<string, string> = {}): UpstreamTarget {
  return target({ type: 'stdio', command: 'node', args: [fixture('misbehaving-stdio.ts'), mode], env });
}

/** The program of a reference server among the dependencies. */
export function referenceServer(name: string): string {
  return fileURLToPath(
    new URL(`../../node_modules/@modelcontextprotocol/server-${name}/dist/index.js`, import.meta.url),
  );
}

/** Resolves when the condition holds; fails the test when it does not within five seconds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 5000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The error that a promise fails with; fails the test when it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<UpstreamError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof UpstreamError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

/** The text of a result's first block. */
export function textOf(result: ToolResult): string {
  return String(result.content[0]?.['text']);
}
