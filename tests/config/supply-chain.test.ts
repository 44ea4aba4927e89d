import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verdictOf } from '../../scripts/check-advisories.ts';
import { problemsOfLockfile, type LockedPackage, type LookedAt, type Manifest } from '../../scripts/check-lockfile.ts';
import { isAllowed } from '../../scripts/licence-expression.ts';

const project = join(import.meta.dirname, '../..');
const readJson = (name: string): unknown => JSON.parse(readFileSync(join(project, name), 'utf8'));

const sound: LockedPackage = { version: '1.0.0', integrity: 'sha512-x', license: 'MIT' };
const nothing: LookedAt = { dispensableScripts: {}, licencesInFiles: {} };
const problemsOf = (locked: LockedPackage, looked = nothing): readonly string[] =>
  problemsOfLockfile({ '': {}, 'node_modules/a': locked }, {}, looked);

describe('the lockfile check', () => {
  it('accepts a sound package', () => {
    expect(problemsOf(sound)).toEqual([]);
  });

  it.each<[string, LockedPackage]>([
    ['names where it comes from', { ...sound, resolved: 'https://registry.npmjs.org/a/-/a-1.0.0.tgz' }],
    ['has no integrity hash', { version: '1.0.0', license: 'MIT' }],
    ['wants to run an install script', { ...sound, hasInstallScript: true }],
    ['has the licence GPL-3.0-only', { ...sound, license: 'GPL-3.0-only' }],
    ['has the licence (MIT AND GPL-3.0-only)', { ...sound, license: '(MIT AND GPL-3.0-only)' }],
    ['has the licence none', { version: '1.0.0', integrity: 'sha512-x' }],
  ])('refuses a package that %s', (reason, locked) => {
    expect(problemsOf(locked)).toEqual([expect.stringContaining(reason)]);
  });

  it('excuses an install script that somebody has looked at, as far as they have', () => {
    const everywhere: LookedAt = { ...nothing, dispensableScripts: { a: { reason: 'asks for money' } } };
    const inTests: LookedAt = { ...nothing, dispensableScripts: { a: { reason: 'compiles', devOnly: true } } };
    const locked = { ...sound, hasInstallScript: true };
    expect(problemsOf(locked, everywhere)).toEqual([]);
    expect(problemsOf({ ...locked, dev: true }, inTests)).toEqual([]);
    expect(problemsOf(locked, inTests)).toEqual([expect.stringContaining('wants to run an install script')]);
  });

  it('takes a licence from what somebody has read in the files, and only where the manifest names none', () => {
    const read: LookedAt = { ...nothing, licencesInFiles: { a: 'MIT' } };
    expect(problemsOf({ version: '1.0.0', integrity: 'sha512-x' }, read)).toEqual([]);
    expect(problemsOf({ ...sound, license: 'GPL-3.0-only' }, read)).toContainEqual(
      expect.stringContaining('has the licence GPL-3.0-only'),
    );
  });

  it('refuses what is excused and not needed', () => {
    expect(problemsOf(sound, { ...nothing, dispensableScripts: { a: { reason: 'asks for money' } } })).toEqual([
      'a is excused for an install script that no package here has',
    ]);
    expect(problemsOf(sound, { ...nothing, licencesInFiles: { a: 'MIT' } })).toEqual([
      'a is given a licence that it does not need here',
    ]);
  });

  it('looks at the licences of production only', () => {
    expect(problemsOf({ ...sound, dev: true, license: 'MPL-2.0' })).toEqual([]);
  });

  it.each(['^1.0.0', '~1.0.0', '1', 'latest', 'git+https://example.com/a.git', '>=1.0.0'])('refuses %s', (version) => {
    expect(problemsOfLockfile({}, { devDependencies: { a: version } }, nothing)).toEqual([
      `a is not pinned to one version: ${version}`,
    ]);
  });
});

describe('a licence expression', () => {
  const accepts = (licence: string): boolean => ['MIT', 'Apache-2.0', 'BSD-3-Clause'].includes(licence);

  it.each([
    'MIT',
    '(MIT)',
    '(GPL-3.0-only OR MIT)',
    'BSD-3-Clause AND Apache-2.0',
    'MIT AND (GPL-3.0-only OR Apache-2.0)',
    'MIT AND GPL-3.0-only OR Apache-2.0',
    'MIT OR GPL-3.0-only AND GPL-2.0-only',
  ])('%s is allowed', (expression) => {
    expect(isAllowed(expression, accepts)).toBe(true);
  });

  it.each([
    'GPL-3.0-only',
    'MIT AND GPL-3.0-only',
    'MIT AND (GPL-3.0-only OR GPL-2.0-only)',
    '(MIT OR GPL-3.0-only) AND GPL-2.0-only',
    'MIT WITH some-exception',
  ])('%s is not', (expression) => {
    expect(isAllowed(expression, accepts)).toBe(false);
  });

  it.each(['', 'MIT MIT', 'MIT OR', 'AND MIT', '(MIT', 'MIT)', '()', 'SEE LICENSE IN LICENSE', 'MIT, GPL-3.0-only'])(
    '"%s" is none, and allows nothing',
    (text) => {
      expect(isAllowed(text, accepts)).toBe(false);
    },
  );
});

describe('the advisory check', () => {
  const report = (severity: string): string =>
    JSON.stringify({ auditReportVersion: 2, vulnerabilities: { lib: { severity, range: '<2.0.0' } } });

  it('finds what is high or critical', () => {
    expect(verdictOf(report('high'))).toEqual({ outcome: 'found', packages: ['lib <2.0.0 (high)'] });
    expect(verdictOf(report('critical'))).toMatchObject({ outcome: 'found' });
    expect(verdictOf(report('moderate'))).toEqual({ outcome: 'clean' });
  });

  it('calls a registry that does not answer unreachable, whatever kept it from answering', () => {
    const refused = { message: '405 Method Not Allowed', statusCode: 405, error: { summary: '', detail: '' } };
    expect(verdictOf(JSON.stringify(refused))).toEqual({ outcome: 'unreachable', reason: '405 Method Not Allowed' });
    const noName = { error: { code: 'ENOTFOUND', summary: 'getaddrinfo ENOTFOUND', detail: '' } };
    expect(verdictOf(JSON.stringify(noName))).toEqual({ outcome: 'unreachable', reason: 'getaddrinfo ENOTFOUND' });
  });

  it('passes nothing off as unreachable that is a fault of this repository', () => {
    expect(verdictOf('{"error":{"code":"ENOLOCK","summary":"no lockfile"}}')).toEqual({
      outcome: 'failed',
      reason: 'no lockfile',
    });
    expect(verdictOf('Segmentation fault')).toMatchObject({ outcome: 'failed' });
  });
});

describe('the direct dependencies', () => {
  const manifest = readJson('package.json') as Manifest;
  const decisions = readFileSync(join(project, 'docs/decisions/dependencies.md'), 'utf8');
  const direct = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies };

  it('each have their reason in docs/decisions/dependencies.md, and nothing else has', () => {
    const rows = [...decisions.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
    expect(rows.toSorted()).toEqual(Object.keys(direct).toSorted());
  });
});
