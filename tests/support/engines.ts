import { describe, test } from 'vitest';
import { engineNamesIn, engines, type EngineName } from './engine-table.ts';

export type { EngineName } from './engine-table.ts';

/** Where the engine answers; undefined when there is none. */
export function engineUrl(name: EngineName): string | undefined {
  return process.env[engines[name].variable] || undefined;
}

/**
 * Registers an engine's tests where the engine is there, and elsewhere one skipped test that says so. Where
 * ANNALS_TEST_REQUIRE names the engine, its absence fails the file instead.
 */
export function onEngine(name: EngineName, body: (url: string) => void): void {
  const url = engineUrl(name);
  const { title, variable } = engines[name];
  if (url !== undefined) return void describe(`on ${title}`, () => body(url));
  if (isRequired(name)) throw new Error(`ANNALS_TEST_REQUIRE wants ${title}, and ${variable} names none`);
  test.skip(`skipped: no ${title} (${variable} names none)`, () => undefined);
}

/** The same for tests that need several engines at once; the first one that is absent skips them. */
export function onEngines<const Name extends EngineName>(
  names: readonly Name[],
  body: (urls: Readonly<Record<Name, string>>) => void,
): void {
  const urls = Object.fromEntries(names.map((name) => [name, engineUrl(name)]));
  const absent = names.find((name) => urls[name] === undefined);
  if (absent !== undefined) return onEngine(absent, () => undefined);
  describe(`on ${names.map((name) => engines[name].title).join(', ')}`, () => body(urls as Record<Name, string>));
}

function isRequired(name: EngineName): boolean {
  return engineNamesIn('ANNALS_TEST_REQUIRE', process.env['ANNALS_TEST_REQUIRE'] ?? '').includes(name);
}
