import { HttpProblem } from '../problem/http-problem.ts';

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses a request whose Host is not one of this server's names: a page on another site that made its own name point to
 * this address (DNS rebinding) sends that name.
 * @param allowed host names without ports; null lets all pass
 */
export function createHostCheck(allowed: readonly string[] | null): (host: string | undefined) => void {
  if (allowed === null) return () => undefined;
  const names = new Set([...loopbackNames, ...allowed.map((name) => name.toLowerCase())]);
  // A Host that was good once is good again: almost every request repeats one of very few.
  const seen = new Set<string>();
  return (host) => {
    if (host !== undefined && seen.has(host)) return;
    if (host === undefined || !names.has(hostName(host))) {
      throw new HttpProblem(403, 'host_not_allowed', 'this server does not answer to that Host');
    }
    if (seen.size < 100) seen.add(host);
  };
}

/**
 * Whether a browser page may open a WebSocket: it comes from this host, or from an origin that is allowed. Programs that
 * are no browsers send no Origin.
 */
export function originAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined) return true;
  if (allowed.includes(origin)) return true;
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

function hostName(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}
