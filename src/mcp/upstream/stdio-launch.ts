import { basename, dirname } from 'node:path';
import { tmpdir } from 'node:os';
import { UpstreamError } from '../../ports/upstream.ts';
import { npmLaunchOf } from '../packages/npm-launch.ts';
import { unpinnedPart } from '../packages/unpinned.ts';
import { forbiddenOption } from './interpreter-options.ts';
import { shorten } from './json.ts';

/** What to start, with every value in clear. */
export interface LaunchRequest {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  /** Directory of this server alone; absent: it shares the home of this process. */
  readonly home?: string;
}

export interface LaunchRules {
  /** Commands that may be started: names looked up in PATH, or full paths. Compared as they stand. */
  readonly allow: readonly string[];
  /** The environment of this process, of which a child sees PATH, HOME and LANG only. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Variables that lead package runners to the settings and caches that servers share. */
  readonly packageTools?: Readonly<Record<string, string>>;
  /** Whether a launch has to say exactly what it runs, or to name packages that can be pinned. */
  readonly pinned?: boolean;
}

export interface Launch {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly cwd: string | undefined;
  /** Directories that it has to read in a sandbox, besides its home and what the operator shows. */
  readonly reads?: readonly string[];
}

/** Variables that make a loader, an interpreter or a package tool run or fetch something else than what was asked for. */
const STEERING =
  /^(PATH|LD_.*|DYLD_.*|NODE_OPTIONS|NODE_PATH|NODE_REPL_.*|npm_.*|BASH_ENV|ENV|IFS|PYTHON(PATH|HOME|STARTUP)|PERL5(LIB|OPT)|RUBY(LIB|OPT)|JAVA_TOOL_OPTIONS|UV_.*|PIP_.*|DOCKER_.*|GIT_.*)$/i;

/** What fetches packages, and is led to where its settings and its cache are. Other programs need not know. */
const packageRunner = /^(npx|npm|pnpm|yarn|bunx?|uvx?|pipx)$/;

/**
 * Judges a command by the operator's settings and makes the environment it runs in: empty, but for what finds programs
 * and keeps files, and the variables that were named. The directory of the running Node comes first in PATH, so that
 * `node` and `npx` mean this one.
 * @throws UpstreamError `upstream_refused`
 */
export function prepareLaunch(request: LaunchRequest, rules: LaunchRules): Launch {
  const { command, args, env, cwd } = request;
  if (!rules.allow.includes(command)) {
    throw refusal(
      `the command ${JSON.stringify(shorten(command, 200))} may not be started; an operator can allow it with ANNALS_STDIO_ALLOW (now: ${rules.allow.join(', ')})`,
    );
  }
  checkText('the command', command);
  args.forEach((arg, index) => checkText(`argument ${index + 1}`, arg));
  const option = forbiddenOption(command, args);
  if (rules.pinned === true) checkPinned(command, args);
  if (option !== undefined) throw refusal(`${command} may not be started with ${JSON.stringify(shorten(option, 100))}`);
  if (cwd !== undefined) {
    checkText('the working directory', cwd);
    if (cwd.split('/').includes('..')) throw refusal('the working directory may not contain ".."');
  }
  for (const [name, value] of Object.entries(env)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw refusal(`${JSON.stringify(name)} is no name of a variable`);
    if (STEERING.test(name)) throw refusal(`the variable ${name} may not be set for a server`);
    checkText(`the variable ${name}`, value);
  }
  const { PATH, HOME, LANG } = rules.environment;
  return {
    command,
    args: [...args],
    env: {
      HOME: request.home ?? HOME ?? tmpdir(),
      LANG: LANG ?? 'C.UTF-8',
      TMPDIR: tmpdir(),
      ...(packageRunner.test(basename(command)) && rules.packageTools),
      ...env,
      PATH: `${dirname(process.execPath)}:${PATH ?? '/usr/local/bin:/usr/bin:/bin'}`,
    },
    cwd,
  };
}

/** What is found by its name alone may be something else tomorrow. */
function checkPinned(command: string, args: readonly string[]): void {
  const launch = npmLaunchOf(command, args);
  const loose = unpinnedPart(command, args);
  const fault = typeof launch === 'string' ? launch : undefined;
  if (fault === undefined && loose === undefined) return;
  const what = loose === undefined ? fault : `${JSON.stringify(shorten(loose, 200))} may be another tomorrow`;
  const how = loose === undefined ? '' : ': name a version (name==1.2.3, name@1.2.3) or a digest (image@sha256:…)';
  throw refusal(`${what}${how}; an operator can allow what is not pinned with ANNALS_STDIO_UNPINNED`);
}

function checkText(what: string, text: string): void {
  if (/[\0\r\n]/.test(text)) throw refusal(`${what} may not contain a line break or NUL`);
}

function refusal(message: string): UpstreamError {
  return new UpstreamError('upstream_refused', message);
}
