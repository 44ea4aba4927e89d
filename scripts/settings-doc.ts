import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Setting } from '../src/config/setting.ts';
import { settings } from '../src/config/settings.ts';

const rows: readonly Setting[] = Object.values(settings);

function groups(): readonly (readonly [string, readonly Setting[]])[] {
  return [...Map.groupBy(rows, ({ group }) => group)];
}

/** `.env.example`: every setting, commented out, so that a copy of it changes nothing until something is filled in. */
export function renderEnvExample(): string {
  const head = [
    '# Settings of Annals. Copy this file to .env and fill in what should differ from the default; a variable of the',
    '# environment wins over this file. Made from src/config/settings.ts by "npm run settings"; described in',
    '# docs/settings.md.',
  ];
  const body = groups().flatMap(([group, members]) => [
    '',
    `# --- ${group} ---`,
    ...members.flatMap((setting) => ['', ...wrapped(setting.description, '# '), ...linesOf(setting)]),
  ]);
  return `${[...head, ...body].join('\n')}\n`;
}

function linesOf({ name, defaultText, example, secret }: Setting): readonly string[] {
  if (secret === true) return [`# Default: ${defaultText}.`, `# Value: ${example}`, `# ${name}=`];
  return [...wrapped(`Default: ${defaultText}. Example: ${name}=${example}`, '# '), `# ${name}=`];
}

function wrapped(text: string, prefix: string): readonly string[] {
  const lines: string[] = [];
  let line = prefix.trimEnd();
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > 118) {
      lines.push(line);
      line = prefix.trimEnd();
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** `docs/settings.md`: the same as tables. */
export function renderSettingsPage(): string {
  const head = `# Settings

Annals is set up by environment variables only. They are checked at start: everything that is wrong is listed at once,
and a name that begins with \`ANNALS_\` and is none of these is refused too. A file \`.env\` in the directory that Annals is
started from is read as well; the environment wins over it. An empty value counts as unset.

Sizes are bytes, durations milliseconds. This page and \`.env.example\` are made from \`src/config/settings.ts\` by
\`npm run settings\`.
`;
  const tables = groups().map(([group, members]) => {
    const body = members.map(
      ({ name, defaultText, description, example, secret }) =>
        `| \`${name}\` | ${defaultText} | ${description} | ${secret === true ? example : `\`${example}\``} |`,
    );
    return `\n## ${group}\n\n| name | default | what it does | example |\n|---|---|---|---|\n${body.join('\n')}\n`;
  });
  return head + tables.join('');
}

if (import.meta.main) {
  const top = join(import.meta.dirname, '..');
  writeFileSync(join(top, '.env.example'), renderEnvExample());
  writeFileSync(join(top, 'docs/settings.md'), renderSettingsPage());
}
