import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';

/** An engine's URL by a way that a test can disturb. */
export interface Proxied {
  readonly url: string;
  readonly proxy: TcpProxy;
}

export async function proxied(url: string): Promise<Proxied> {
  const target = new URL(url);
  const proxy = await startTcpProxy({ host: target.hostname, port: Number(target.port) });
  target.host = `${proxy.host}:${proxy.port}`;
  // A replica set would tell its own address, and the driver would go around the proxy.
  if (target.protocol === 'mongodb:') target.search = '?directConnection=true';
  return { url: target.href, proxy };
}
