import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const project = join(import.meta.dirname, '../..');
const cruiser = join(project, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');

/** A tree that keeps the rules; each case of the tests below adds one import to it. */
const lawful = {
  'src/main.ts': `
    import './app/serve.ts'; import './config.ts'; import './infrastructure/event-store/sqlite.ts';
    import './infrastructure/logging/pino.ts'; import './projections/mcps/projection.ts'; import './reactors/react.ts';
    import './http/app.ts'; import './mcp/gateway.ts'; import './cli/program.ts';`,
  'src/app/serve.ts': `import '../commands/register.ts'; import '../http/app.ts';`,
  'src/cli/program.ts': `import 'commander'; import '../queries/mcps.ts';`,
  'src/config.ts': `import './config/secrets.ts'; import 'zod';`,
  'src/config/secrets.ts': `import 'node:fs';`,
  'src/domain/error.ts': `export const kinds = [];`,
  'src/domain/event.ts': `export interface Event { type: string }`,
  'src/domain/mcp/decider.ts': `import '../error.ts'; import type { Event } from '../event.ts'; export type Mcp = Event;`,
  'src/ports/event-store.ts': `import type { Mcp } from '../domain/mcp/decider.ts'; export type Store = Mcp;`,
  'src/commands/register.ts': `import '../domain/mcp/decider.ts'; import '../ports/event-store.ts'; import 'node:crypto';`,
  'src/projections/mcps/projection.ts': `import type { Mcp } from '../../domain/mcp/decider.ts'; import '../../ports/event-store.ts'; export type Row = Mcp;`,
  'src/queries/mcps.ts': `import '../domain/mcp/decider.ts'; import '../ports/event-store.ts'; import '../projections/mcps/projection.ts';`,
  'src/reactors/react.ts': `import '../commands/register.ts'; import '../queries/mcps.ts'; import '../mcp/gateway.ts'; import '../domain/mcp/decider.ts';`,
  'src/mcp/gateway.ts': `import '../commands/register.ts'; import '../queries/mcps.ts'; import '../domain/error.ts';`,
  'src/http/app.ts': `import 'express'; import '../commands/register.ts'; import '../domain/error.ts'; import type { Mcp } from '../domain/mcp/decider.ts'; export type Body = Mcp;`,
  'src/infrastructure/event-store/sqlite.ts': `import 'node:sqlite'; import '../../ports/event-store.ts';`,
  'src/infrastructure/logging/pino.ts': `import 'pino';`,
  'tests/helper.ts': `import '../src/main.ts';`,
};

/** An import that must be refused: where it stands, what it names, and the rule that refuses it. */
const unlawful: readonly (readonly [from: keyof typeof lawful, imported: string, rule: string])[] = [
  ['src/domain/mcp/decider.ts', '../../ports/event-store.ts', 'domain-imports'],
  ['src/domain/mcp/decider.ts', 'node:crypto', 'domain-is-pure'],
  ['src/domain/mcp/decider.ts', 'zod', 'domain-is-pure'],
  ['src/ports/event-store.ts', '../commands/register.ts', 'ports-imports'],
  ['src/ports/event-store.ts', '../domain/mcp/decider.ts', 'ports-domain-types-only'],
  ['src/ports/event-store.ts', 'node:fs', 'ports-are-plain'],
  ['src/commands/register.ts', '../infrastructure/event-store/sqlite.ts', 'commands-imports'],
  ['src/commands/register.ts', '../queries/mcps.ts', 'commands-imports'],
  ['src/commands/register.ts', '../config.ts', 'commands-imports'],
  ['src/projections/mcps/projection.ts', '../../commands/register.ts', 'projections-imports'],
  ['src/projections/mcps/projection.ts', '../../domain/mcp/decider.ts', 'projections-domain-types-only'],
  ['src/queries/mcps.ts', '../commands/register.ts', 'queries-imports'],
  ['src/queries/mcps.ts', 'express', 'web-server-stays-at-the-edge'],
  ['src/reactors/react.ts', '../http/app.ts', 'reactors-imports'],
  ['src/reactors/react.ts', '../infrastructure/logging/pino.ts', 'reactors-imports'],
  ['src/mcp/gateway.ts', '../reactors/react.ts', 'mcp-imports'],
  ['src/mcp/gateway.ts', '../domain/mcp/decider.ts', 'mcp-domain-types-only'],
  ['src/mcp/gateway.ts', 'pino', 'logs-go-through-the-port'],
  ['src/http/app.ts', '../infrastructure/event-store/sqlite.ts', 'http-imports'],
  ['src/http/app.ts', '../mcp/gateway.ts', 'http-imports'],
  ['src/http/app.ts', '../domain/mcp/decider.ts', 'http-domain-types-only'],
  ['src/http/app.ts', 'node:sqlite', 'sql-stays-in-its-adapters'],
  ['src/http/app.ts', '@modelcontextprotocol/client', 'mcp-libraries-stay-in-mcp'],
  ['src/http/app.ts', 'commander', 'command-line-stays-in-cli'],
  ['src/http/app.ts', 'vitest', 'development-packages-stay-out'],
  ['src/infrastructure/event-store/sqlite.ts', '../../commands/register.ts', 'infrastructure-imports'],
  ['src/infrastructure/event-store/sqlite.ts', '../../domain/mcp/decider.ts', 'infrastructure-domain-types-only'],
  ['src/infrastructure/event-store/sqlite.ts', '../../config.ts', 'infrastructure-imports'],
  ['src/config/secrets.ts', '../ports/event-store.ts', 'config-stands-alone'],
  ['src/main.ts', '../tests/helper.ts', 'nobody-imports-tests'],
  ['src/http/app.ts', './gone.ts', 'resolvable'],
];

let top: string;

beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), 'annals-imports-'));
});
afterAll(() => rmSync(top, { recursive: true }));

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

function cruise(tree: string, outputType: 'json' | 'err'): { readonly status: number | null; readonly stdout: string } {
  return spawnSync(
    process.execPath,
    [cruiser, 'src', '--config', '.dependency-cruiser.js', '--output-type', outputType],
    { cwd: tree, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
}

/** Lays out a tree and returns what the project's rules have against it, as "rule: from -> to". */
function violationsOf(name: string, files: Readonly<Record<string, string>>): readonly string[] {
  const tree = join(top, name);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), content);
  }
  for (const shared of ['node_modules', 'package.json', '.dependency-cruiser.js']) {
    symlinkSync(join(project, shared), join(tree, shared));
  }
  const { summary } = JSON.parse(cruise(tree, 'json').stdout) as {
    readonly summary: { readonly violations: readonly Violation[] };
  };
  return summary.violations.map(
    ({ from, to, rule }) => `${rule.name}: ${from} -> ${to.replace(/^.*node_modules\/((@[^/]+\/)?[^/]+)\/.*$/, '$1')}`,
  );
}

/** The cruiser's name for what a file imports. A file that is not there keeps the name it was imported by. */
function targetOf(from: string, imported: string): string {
  if (imported === './gone.ts' || !imported.startsWith('.')) return imported.replace(/^node:(?!sqlite)/, '');
  return join(dirname(from), imported);
}

describe('the import rules', () => {
  it('have nothing against what the architecture allows', () => {
    expect(violationsOf('lawful', lawful)).toEqual([]);
  });

  it('refuse each import that the architecture does not allow', () => {
    const files: Record<string, string> = { ...lawful };
    for (const [from, imported] of unlawful) files[from] = `${files[from] ?? ''}\nimport '${imported}';`;
    const violations = violationsOf('unlawful', files);
    const missed = unlawful.filter(
      ([from, imported, rule]) => !violations.includes(`${rule}: ${from} -> ${targetOf(from, imported)}`),
    );
    expect(missed).toEqual([]);
  });

  it('refuse a folder that the architecture does not know, and a file that nothing reaches', () => {
    const files = {
      ...lawful,
      'src/main.ts': `${lawful['src/main.ts']} import './util/help.ts';`,
      'src/util/help.ts': `import '../ports/event-store.ts';`,
      'src/queries/forgotten.ts': `import '../ports/event-store.ts';`,
      'src/infrastructure/event-store/writer-worker.ts': `import './shared.ts';`,
      'src/infrastructure/event-store/shared.ts': '',
    };
    expect(violationsOf('strays', files).toSorted()).toEqual([
      'known-folders-only: src/util/help.ts -> src/ports/event-store.ts',
      'no-dead-files: src/queries/forgotten.ts -> src/queries/forgotten.ts',
    ]);
  });

  it('refuse a circle', () => {
    const circle = { ...lawful, 'src/config/secrets.ts': `import '../config.ts';` };
    expect(violationsOf('circle', circle)).toEqual([expect.stringMatching(/^no-cycles: /)]);
  });

  it('end with an exit code that fails the checks', () => {
    const wrong = { ...lawful, 'src/domain/error.ts': `import 'node:fs';` };
    violationsOf('wrong', wrong);
    const { status, stdout } = cruise(join(top, 'wrong'), 'err');
    expect(stdout).toContain('domain-is-pure: src/domain/error.ts');
    expect(status).toBe(1);
  });
});
