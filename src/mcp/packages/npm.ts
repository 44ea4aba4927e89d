import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { UpstreamError } from '../../ports/upstream.ts';
import { shorten } from '../upstream/json.ts';

const run = promisify(execFile);

export interface Npm {
  /** Full path of `npm`; undefined where there is none. */
  readonly program: string | undefined;
  /** The environment of this process: npm has the settings of the user that runs it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Milliseconds for one run of npm. */
const LONGEST_MS = 120_000;

/** What npm reads from its environment: who it is, where packages come from, and how they are reached. */
const handed =
  /^(HOME|PATH|LANG|TMPDIR|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|(HTTPS?|NO|ALL)_PROXY|npm_config_(registry|userconfig|globalconfig|cache|proxy|https_proxy|noproxy|cafile|ca|strict_ssl|fetch_.*|.*[:/].*))$/i;

/** No code of a package runs here, neither while it is looked up nor while it is installed. */
const always = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
const network = ['--fetch-retries=1', '--fetch-retry-mintimeout=500', '--fetch-timeout=30000'];

/**
 * Runs npm in a directory; answers what it printed.
 * @throws UpstreamError `upstream_refused` what npm refuses, `upstream_unavailable` the registry cannot be reached
 */
export async function runNpm(
  { program, environment }: Npm,
  directory: string,
  args: readonly string[],
): Promise<string> {
  if (program === undefined) {
    throw new UpstreamError('upstream_unavailable', 'there is no npm in PATH, which finds the packages of servers');
  }
  const env = Object.fromEntries(Object.entries(environment).filter(([name]) => handed.test(name)));
  // The running Node comes first, as it does for servers.
  env['PATH'] = `${dirname(process.execPath)}:${environment['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'}`;
  try {
    const options = { cwd: directory, env, timeout: LONGEST_MS, maxBuffer: 64 * 1024 * 1024 };
    return (await run(program, [...args, ...always, ...network], options)).stdout;
  } catch (error) {
    throw failure(error);
  }
}

function failure(error: unknown): UpstreamError {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  const code = /npm (?:error|ERR!) code (\w+)/.exec(said)?.[1];
  const lines = said
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!) ?/, '').trim())
    .filter((line) => line !== '' && !/^(code |A complete log|npm warn)/.test(line));
  const words = shorten(lines.join(' '), 500);
  if (code === 'EINTEGRITY') {
    const message = `a package is not what was pinned: what the registry has under its version by now is something else (${words})`;
    return new UpstreamError('upstream_refused', message, { cause: error });
  }
  if (code === 'E404' || code === 'ETARGET' || code === 'EINVALIDTAGNAME' || code === 'E403' || code === 'E401') {
    return new UpstreamError('upstream_refused', `the registry has no such package: ${words}`, { cause: error });
  }
  return new UpstreamError('upstream_unavailable', `the package could not be had from the registry: ${words}`, {
    cause: error,
  });
}
