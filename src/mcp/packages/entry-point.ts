import { open, readFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { isObject } from '../upstream/json.ts';

/** What to start for a command of a package. */
export interface EntryPoint {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * The program behind a command of a package, as its `package.json` says (`bin`).
 * @param command undefined: the only one, or the one named as the package is
 * @throws Error there is none
 */
export async function entryPoint(directory: string, command: string | undefined): Promise<EntryPoint> {
  const bins = await binsOf(directory);
  const { name, files } = bins;
  const distinct = new Set(files.values());
  const [only] = distinct;
  const file =
    command === undefined
      ? distinct.size === 1
        ? only
        : files.get(name.replace(/^@[^/]*\//, ''))
      : files.get(command);
  if (file === undefined) {
    const which = command === undefined ? 'a command of its own name' : JSON.stringify(command);
    throw new Error(`the package ${name} has not ${which}; it has ${[...files.keys()].join(', ') || 'no command'}`);
  }
  const path = join(directory, file);
  // Where a line of its own says how it is started, that counts; most say nothing but "with Node".
  const first = await firstLine(path);
  if (first.startsWith('#!') && !/^#!\s*\S*(\/env\s+)?\bnode\s*$/.test(first)) return { command: path, args: [] };
  return { command: 'node', args: [path] };
}

async function binsOf(
  directory: string,
): Promise<{ readonly name: string; readonly files: ReadonlyMap<string, string> }> {
  const manifest: unknown = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
  const { name, bin } = isObject(manifest) ? manifest : {};
  if (typeof name !== 'string') throw new Error(`${directory} has no package`);
  const all: Readonly<Record<string, unknown>> =
    typeof bin === 'string' ? { [name.replace(/^@[^/]*\//, '')]: bin } : isObject(bin) ? bin : {};
  const files = new Map<string, string>();
  for (const [command, file] of Object.entries(all)) {
    if (typeof file === 'string' && !normalize(file).startsWith('..')) files.set(command, normalize(file));
  }
  return { name, files };
}

async function firstLine(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(200), 0, 200, 0);
    return buffer.toString('utf8', 0, bytesRead).split('\n', 1)[0]?.trim() ?? '';
  } finally {
    await file.close();
  }
}
