import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { isRecord } from '../api-client.ts';
import { CliError } from '../cli-error.ts';
import { printJson } from '../output.ts';
import { withServer } from '../target.ts';

export function addAdmin(program: Command): void {
  program
    .command('admin')
    .description('help for administrators who are locked out')
    .command('reset-password')
    .description('give a user a new password, print it once, and end all the sessions of the user')
    .argument('<user>', 'user name or id')
    .option('--json', 'print the answer as JSON')
    .action(async (user: string, { json }: { readonly json?: boolean }) => {
      const password = randomBytes(18).toString('base64url');
      const id = await withServer(async (api) => {
        const found = await idOf(user, async (path) => (await api.request('GET', path)).body);
        await api.request('POST', `/api/v1/users/${found}/password`, { password });
        return found;
      });
      if (json) printJson({ id, password });
      else console.log(`The new password of ${user}: ${password}`);
    });
}

async function idOf(user: string, get: (path: string) => Promise<unknown>): Promise<string> {
  const body = await get(`/api/v1/users?username=${encodeURIComponent(user)}`);
  const [found] = isRecord(body) && Array.isArray(body['items']) ? body['items'].filter(isRecord) : [];
  if (found) return String(found['id']);
  if (/^[0-9a-f-]{36}$/.test(user)) return user;
  throw new CliError(`there is no user ${user}`);
}
