import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Command } from 'commander';
import { examineEngines } from '../../app/engines/examine-engines.ts';
import { loadConfig } from '../../config.ts';
import { CliError } from '../cli-error.ts';
import { printJson, printTable } from '../output.ts';

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly found: string;
  /** How to mend it. */
  readonly advice: string;
}

const lowDiskBytes = 1024 ** 3;

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check settings, data directory and runtime, and say how to mend what is wrong')
    .option('--json', 'print the findings as JSON')
    .action(async ({ json }: { readonly json?: boolean }) => {
      const findings = await examine();
      if (json) printJson({ findings });
      else {
        const rows = findings.map(({ check, ok, found, advice }) => [
          ok ? 'ok' : 'WRONG',
          check,
          found,
          ok ? '' : advice,
        ]);
        printTable(rows, ['', 'CHECK', 'FOUND', 'ADVICE'], '');
      }
      if (findings.some(({ ok }) => !ok)) throw new CliError('something needs mending');
    });
}

async function examine(): Promise<readonly Finding[]> {
  // Settings that cannot be read end the examination: their error lists them all.
  const config = loadConfig(process.env);
  const engines = await examineEngines(config);
  return [
    runtime(),
    sqlite(),
    ...(await dataDirectory(resolve(config.dataDir))),
    ...engines.map(({ setting, ...finding }) => ({ check: setting, ...finding })),
  ];
}

function runtime(): Finding {
  const ok = Number(process.versions.node.split('.')[0]) >= 24;
  return { check: 'runtime', ok, found: `Node ${process.versions.node}`, advice: 'use Node 24 or later' };
}

function sqlite(): Finding {
  const database = new DatabaseSync(':memory:');
  try {
    const { version, fts } = database
      .prepare("SELECT sqlite_version() AS version, sqlite_compileoption_used('ENABLE_FTS5') AS fts")
      .get() as { version: string; fts: number };
    return {
      check: 'SQLite',
      ok: fts === 1,
      found: `${version}, FTS5 ${fts === 1 ? 'there' : 'missing'}`,
      advice: 'use a Node built with FTS5',
    };
  } finally {
    database.close();
  }
}

async function dataDirectory(path: string): Promise<readonly Finding[]> {
  try {
    const { mode } = await stat(path);
    await access(path, constants.R_OK | constants.W_OK);
    const { bavail, bsize } = await statfs(path);
    const free = bavail * bsize;
    const isPrivate = (mode & 0o077) === 0;
    return [
      { check: 'data directory', ok: true, found: path, advice: '' },
      {
        check: 'data directory is private',
        ok: isPrivate,
        found: `mode ${(mode & 0o777).toString(8)}`,
        advice: `allow only its owner: chmod 700 ${path}`,
      },
      {
        check: 'free disk space',
        ok: free > lowDiskBytes,
        found: `${(free / 1024 ** 3).toFixed(1)} GiB`,
        advice: 'commands are refused when the disk is full: make room, or move ANNALS_DATA_DIR',
      },
    ];
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (absent) return [{ check: 'data directory', ok: true, found: `${path} (made at the first start)`, advice: '' }];
    const found = error instanceof Error ? error.message : String(error);
    return [{ check: 'data directory', ok: false, found, advice: 'make it readable and writable for this user' }];
  }
}
