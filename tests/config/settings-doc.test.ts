import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderEnvExample, renderSettingsPage } from '../../scripts/settings-doc.ts';
import { loadConfig } from '../../src/config.ts';
import type { Setting } from '../../src/config/setting.ts';
import { settings } from '../../src/config/settings.ts';

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const table: Readonly<Record<string, Setting>> = settings;
const rows = Object.entries(table);

describe('the table of settings', () => {
  it('is what .env.example shows ("npm run settings" writes it)', () => {
    expect(read('.env.example')).toBe(renderEnvExample());
  });

  it('is what docs/settings.md shows ("npm run settings" writes it)', () => {
    expect(read('docs/settings.md')).toBe(renderSettingsPage());
  });

  it('makes an example file that changes nothing until it is filled in', () => {
    expect(
      loadConfig(parseEnv(read('.env.example').replace(/^# (?=[A-Z_]+=$)/gm, '')) as Record<string, string>),
    ).toEqual(loadConfig({}));
  });

  const shown = rows.filter(([, { secret, group }]) => secret !== true && group !== 'Engines');

  it.each(shown)('gives an example for %s that is accepted', (_key, { name, example }) => {
    expect(() => loadConfig({ [name]: example })).not.toThrow();
  });

  // Defaults that stand for a value, not for words about one.
  const literal = shown.filter(([, { defaultText }]) => !defaultText.includes(' '));

  it.each(literal)('states the default of %s as it is', (key, { name, defaultText }) => {
    const stated: Readonly<Record<string, unknown>> = { ...loadConfig({ [name]: defaultText }) };
    const unset: Readonly<Record<string, unknown>> = { ...loadConfig({}) };
    expect(stated[key]).toEqual(unset[key]);
  });
});
