import type { Vouched } from '../../commands/identities.ts';
import type { GuardedFetch } from '../../ports/egress.ts';
import { HttpProblem } from '../problem/http-problem.ts';

/**
 * Who a token of GitHub's is of. GitHub has no ID tokens: the user is asked for by its API, and so is the address, of which
 * only the primary one counts, when it is verified.
 * @throws HttpProblem 502
 */
export async function vouchedByGitHub(issuer: string, accessToken: string, fetch: GuardedFetch): Promise<Vouched> {
  // GitHub Enterprise has its API below its own address.
  const api = issuer === 'https://github.com' ? 'https://api.github.com' : `${issuer}/api/v3`;
  const get = async (path: string): Promise<unknown> => {
    const headers = {
      Accept: 'application/vnd.github+json',
      Authorization: `Bearer ${accessToken}`,
      'User-Agent': 'annals',
      'X-GitHub-Api-Version': '2022-11-28',
    };
    try {
      const answer = await fetch(`${api}${path}`, { headers });
      if (answer.status !== 200) throw new Error(`${path} was answered with ${answer.status}`);
      return await answer.json();
    } catch (cause) {
      throw new HttpProblem(502, 'identity_provider_unavailable', 'GitHub did not say who you are', { cause });
    }
  };
  const { id, login } = (await get('/user')) as { readonly id?: unknown; readonly login?: unknown };
  if (typeof id !== 'number')
    throw new HttpProblem(502, 'identity_provider_unavailable', 'GitHub did not say who you are');
  const addresses = await get('/user/emails');
  const primary = (Array.isArray(addresses) ? (addresses as readonly unknown[]) : []).find(
    (one): one is { readonly email: string; readonly verified: unknown } =>
      typeof one === 'object' && one !== null && 'primary' in one && one.primary === true && 'email' in one,
  );
  return {
    // Names change hands at GitHub; numbers do not.
    identity: { issuer, subject: String(id) },
    email: primary?.email,
    emailVerified: primary?.verified === true,
    username: typeof login === 'string' ? login : undefined,
    roles: undefined,
  };
}
