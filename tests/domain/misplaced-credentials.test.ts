import { describe, expect, test } from 'vitest';
import { misplacedCredentials } from '../../src/domain/mcp/misplaced-credentials.ts';

const places = (args: readonly string[]) =>
  misplacedCredentials({ type: 'stdio', command: 'npx', args }).map(({ pointer }) => pointer);

describe('in arguments', () => {
  test.each([
    [['serve', '--token=abcdef'], 1],
    [['serve', '--api-key', 'abcdef'], 2],
    [['serve', '--apiKey', 'abcdef'], 2],
    [['serve', '-password=abcdef'], 1],
    [['mcp-remote', 'https://x.example', '--header', 'Authorization: Bearer abcdefgh'], 3],
    [['mcp-remote', '--header=X-Api-Key: abcdefgh'], 1],
    [['serve', 'ghp_abcdefghijklmnop'], 1],
    [['serve', 'sk-proj-abcdef0123456789'], 1],
    [['serve', 'xoxb-123456789012-abc'], 1],
    [['serve', 'postgres://user:abcdef@db.example/x'], 1],
  ])('a credential is refused: %j', (args, index) => {
    expect(places(args)).toEqual([`/transport/args/${index}`]);
  });

  test.each([
    [['-y', '@scope/server@1.2.3', '/srv/files']],
    [['serve', '--token-limit=100', '--max-tokens', '200']],
    [['serve', '--token', '--verbose']],
    [['mcp-remote', '--header', 'Authorization: Bearer ${TOKEN}']],
    [['serve', '--token=$TOKEN']],
    [['serve', '--auth-mode=oauth', '--key-column', 'id']],
    [['serve', 'https://example.org/path']],
    [['-y', 'npm-registry-server', 'sk-learn-model-server', 'hf-inference-server', 'pypi-query-mcp']],
  ])('what is none is let through: %j', (args) => {
    expect(places(args)).toEqual([]);
  });

  test('the fault does not say it again', () => {
    const faults = misplacedCredentials({ type: 'stdio', command: 'npx', args: ['--token=abcdef'] });
    expect(JSON.stringify(faults)).not.toContain('abcdef');
  });
});

describe('in addresses', () => {
  test.each(['?api_key=abc', '?access_token=abc', '?key=abc', '?x=1&token=abc', '?q=ghp_abcdefghijklmnop'])(
    'a credential is refused: %s',
    (query) => {
      const faults = misplacedCredentials({ type: 'sse', url: `https://x.example/mcp${query}` });
      expect(faults.map(({ pointer }) => pointer)).toEqual(['/transport/url']);
      expect(JSON.stringify(faults)).not.toContain('abc');
    },
  );

  test.each(['', '?page=2', '?token=', '?profile=mine&region=eu'])('what is none is let through: %s', (query) => {
    expect(misplacedCredentials({ type: 'sse', url: `https://x.example/mcp${query}` })).toEqual([]);
  });
});
