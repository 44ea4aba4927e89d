import { EngineUnfit } from '../../../ports/engine-probe.ts';

/** What a connection string may say besides hosts and a user; lower case, without dashes and underscores. */
const OPTIONS = new Set([
  'tls',
  'tlscafile',
  'usercertfile',
  'userkeyfile',
  'connectionname',
  'nodepreference',
  'maxdiscoverattempts',
  'discoveryinterval',
  'gossiptimeout',
  'keepaliveinterval',
  'keepalivetimeout',
  'defaultdeadline',
]);

/**
 * A connection string as the client reads it: `kurrentdb://` is the newer name of `esdb://`. What the client would
 * pass over is refused here, because it prints the whole string, the password included, when it does not know an option.
 * @throws EngineUnfit naming what is wrong, never the string itself
 */
export function checkedUrl(url: string): string {
  const [scheme, rest] = url.trim().split('://', 2);
  const known = scheme === undefined ? undefined : SCHEMES[scheme];
  if (known === undefined || rest === undefined || rest === '') {
    throw unfit('must begin with esdb://, esdb+discover://, kurrentdb:// or kurrentdb+discover://, and name a host');
  }
  const query = rest.split('?', 2)[1] ?? '';
  for (const pair of query.split('&').filter((part) => part !== '')) {
    const [name = '', value] = pair.split('=', 2);
    const flat = name.toLowerCase().replace(/[_-]/g, '');
    if (flat === 'tlsverifycert' && value === 'false') {
      throw unfit('asks for tlsVerifyCert=false, which this client cannot do: name the authority by tlsCAFile');
    }
    if (!OPTIONS.has(flat)) throw unfit(`has the unknown option ${JSON.stringify(name)}`);
    if (value === undefined || value === '') throw unfit(`gives the option ${name} no value`);
  }
  return `${known}://${rest}`;
}

const SCHEMES: Readonly<Record<string, string | undefined>> = {
  esdb: 'esdb',
  'esdb+discover': 'esdb+discover',
  kurrentdb: 'esdb',
  'kurrentdb+discover': 'esdb+discover',
};

export function unfit(what: string): EngineUnfit {
  return new EngineUnfit(`the URL of EventStoreDB ${what}`);
}
