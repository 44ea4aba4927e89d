/** Options of `docker run` that take no value. All others that do not have it after an equals sign are followed by theirs. */
const switches =
  /^(-[itdPq]+|--(interactive|tty|detach|publish-all|quiet|rm|init|privileged|read-only|no-healthcheck|oom-kill-disable|disable-content-trust|sig-proxy))$/;

const python = /^[A-Za-z0-9][\w.-]*(\[[\w.,-]*\])?(==|@)\d[\w.!+-]*$/;
const pythonCommit = /^git\+https:\/\/\S+@[0-9a-f]{40}$/;
const optionsWithPackage = /^(--from|--with|--spec)$/;

/**
 * What a launch by `uvx`, `uv tool run`, `pipx run`, `docker run` or `podman run` names without saying exactly which: another
 * program could run tomorrow. Undefined when it says so, or is none of these.
 */
export function unpinnedPart(command: string, args: readonly string[]): string | undefined {
  const name = command.slice(command.lastIndexOf('/') + 1);
  if (name === 'uvx') return unpinnedPython(args);
  if (name === 'uv' && args[0] === 'tool' && args[1] === 'run') return unpinnedPython(args.slice(2));
  if (name === 'pipx' && args[0] === 'run') return unpinnedPython(args.slice(1));
  if (name !== 'docker' && name !== 'podman') return undefined;
  if (args[0] === 'run') return unpinnedImage(args.slice(1));
  return args[0] === 'container' && args[1] === 'run' ? unpinnedImage(args.slice(2)) : undefined;
}

function unpinnedPython(args: readonly string[]): string | undefined {
  const named: string[] = [];
  let hasSource = false;
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    if (!arg.startsWith('-')) {
      if (!hasSource) named.push(arg);
      break;
    }
    const [option = '', value] = arg.split(/=(.*)/s);
    if (optionsWithPackage.test(option)) {
      named.push(...(value ?? args[++index] ?? '').split(','));
      hasSource ||= option !== '--with';
    } else if (/^(--python|-p)$/.test(arg)) index++;
  }
  return named.find((part) => !python.test(part) && !pythonCommit.test(part));
}

function unpinnedImage(args: readonly string[]): string | undefined {
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    if (!arg.startsWith('-')) return /@sha256:[0-9a-f]{64}$/.test(arg) ? undefined : arg;
    if (!switches.test(arg) && !arg.includes('=') && !/^-[a-z].+/i.test(arg)) index++;
  }
  return undefined;
}
