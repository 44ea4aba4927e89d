import { spawnSync } from 'node:child_process';

export type Verdict =
  | { readonly outcome: 'clean' }
  | { readonly outcome: 'found'; readonly packages: readonly string[] }
  | { readonly outcome: 'unreachable'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly reason: string };

interface AuditAnswer {
  readonly auditReportVersion?: number;
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range?: string }>>;
  readonly message?: string;
  readonly statusCode?: number;
  readonly error?: { readonly code?: string; readonly summary?: string };
}

const networkFault =
  /^(E\d{3}|ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|ENOAUDIT)$/;

/** Reads what `npm audit --json` printed. Only a registry that could not be asked counts as unreachable. */
export function verdictOf(output: string): Verdict {
  const answer = parse(output);
  if (answer === undefined) return { outcome: 'failed', reason: `npm audit answered no JSON: ${output.slice(0, 200)}` };
  if (answer.auditReportVersion !== undefined) {
    const packages = Object.entries(answer.vulnerabilities ?? {})
      .filter(([, { severity }]) => severity === 'high' || severity === 'critical')
      .map(([name, { severity, range }]) => `${name} ${range ?? ''} (${severity})`);
    return packages.length === 0 ? { outcome: 'clean' } : { outcome: 'found', packages };
  }
  const reason = answer.message ?? answer.error?.summary ?? answer.error?.code ?? 'no reason given';
  const unreachable = answer.statusCode !== undefined || networkFault.test(answer.error?.code ?? '');
  return { outcome: unreachable ? 'unreachable' : 'failed', reason };
}

function parse(output: string): AuditAnswer | undefined {
  try {
    return JSON.parse(output) as AuditAnswer;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

if (import.meta.main) {
  // Asked offline, npm would answer that all is well.
  const arguments_ = ['audit', '--omit=dev', '--audit-level=high', '--json', '--offline=false'];
  const { stdout, error } = spawnSync('npm', arguments_, { encoding: 'utf8', timeout: 120_000 });
  const verdict: Verdict = error ? { outcome: 'failed', reason: error.message } : verdictOf(stdout);
  switch (verdict.outcome) {
    case 'clean':
      console.log('audit: no advisory of severity high or above for the packages of production');
      break;
    case 'unreachable':
      console.log(`skipped: audit endpoint unreachable (${verdict.reason})`);
      break;
    case 'found':
      console.error(`audit: known weaknesses in\n  ${verdict.packages.join('\n  ')}`);
      process.exitCode = 1;
      break;
    case 'failed':
      console.error(`audit: ${verdict.reason}`);
      process.exitCode = 1;
  }
}
