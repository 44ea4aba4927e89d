/** Options that an interpreter or package runner may be given before the program it runs. All others are refused. */
interface OptionRules {
  readonly command: RegExp;
  readonly flags: RegExp;
  /** Options whose value is the next argument. */
  readonly withValue?: RegExp;
  /** An option after which everything belongs to the program. */
  readonly program?: RegExp;
}

const RULES: readonly OptionRules[] = [
  {
    command: /^node(js)?$/,
    flags:
      /^--(no-warnings|no-deprecation|enable-source-maps|use-system-ca|preserve-symlinks(-main)?|expose-gc|permission|experimental-(strip|transform)-types|trace-(warnings|deprecation|uncaught)|(max-old-space-size|max-semi-space-size|stack-trace-limit|dns-result-order|unhandled-rejections|allow-[a-z-]+)=.+|allow-(addons|child-process|worker|wasi))$/,
  },
  { command: /^python[\d.]*$/, flags: /^-[uIsSEBOq]+$/, program: /^-m$/ },
  {
    command: /^npx$/,
    flags: /^(-y|--yes|--no|-q|--quiet|--offline|--prefer-offline|--package=.+)$/,
    withValue: /^(-p|--package)$/,
  },
  {
    command: /^uvx$/,
    flags: /^(-q|--quiet|--offline|--isolated|--(from|with|python)=.+)$/,
    withValue: /^(--from|--with|--python|-p)$/,
  },
];

/**
 * The first option that could make an interpreter run something else than the program it was given (`node -e`,
 * `python3 -c`, `npx --call`, `--require`); undefined when there is none. Commands without rules here may take any: the
 * operator who allows them vouches for them.
 */
export function forbiddenOption(command: string, args: readonly string[]): string | undefined {
  const name = command.slice(command.lastIndexOf('/') + 1);
  const rules = RULES.find((candidate) => candidate.command.test(name));
  if (rules === undefined) return undefined;
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    if (!arg.startsWith('-') || arg === '--' || rules.program?.test(arg) === true) return undefined;
    if (rules.withValue?.test(arg) === true) index++;
    else if (!rules.flags.test(arg)) return arg;
  }
  return undefined;
}
