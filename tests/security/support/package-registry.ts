import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

/** Files of a package by their names. */
export type Files = Readonly<Record<string, string>>;

export interface PackageRegistry {
  /** With the slash at its end. */
  readonly url: string;
  /** Paths that were asked for. */
  readonly asked: readonly string[];
  /** Publishes a version, in the place of one that is there; it becomes the latest. */
  publish(name: string, version: string, files: Files, manifest?: object): void;
  /** Sends other files for a version than its integrity says. */
  tamper(name: string, version: string, files: Files): void;
  close(): Promise<void>;
}

interface Published {
  readonly manifest: object;
  readonly integrity: string;
  archive: Buffer;
}

/** A registry of npm packages on loopback, as far as npm asks one: packuments and archives. */
export async function startPackageRegistry(): Promise<PackageRegistry> {
  const packages = new Map<string, Map<string, Published>>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/').slice(1);
    asked.push(path);
    const [, name = path, version] = /^(.+)\/-\/.+?-(\d+\.\d+\.\d+)\.tgz$/.exec(path) ?? [];
    const versions = packages.get(name);
    const archive = version === undefined ? undefined : versions?.get(version)?.archive;
    if (archive) return void response.end(archive);
    if (!versions || version !== undefined) return void response.writeHead(404).end('{}');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(packument(name, versions)));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  function packument(name: string, versions: ReadonlyMap<string, Published>): object {
    const all = [...versions].map(([version, { manifest, integrity }]) => {
      const tarball = `${url}${name}/-/${name.split('/').at(-1) ?? name}-${version}.tgz`;
      return [version, { ...manifest, name, version, dist: { tarball, integrity } }] as const;
    });
    return { name, 'dist-tags': { latest: all.at(-1)?.[0] }, versions: Object.fromEntries(all) };
  }

  return {
    url,
    asked,
    publish(name, version, files, manifest = {}) {
      const whole = { name, version, bin: 'server.mjs', ...manifest };
      const archive = archiveOf({ ...files, 'package.json': JSON.stringify(whole) });
      const integrity = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
      const versions = packages.get(name) ?? new Map<string, Published>();
      versions.delete(version);
      packages.set(name, versions.set(version, { manifest: whole, integrity, archive }));
    },
    tamper(name, version, files) {
      const published = packages.get(name)?.get(version);
      if (!published) throw new Error(`there is no ${name} ${version}`);
      published.archive = archiveOf({ ...files, 'package.json': JSON.stringify(published.manifest) });
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

/** A compressed archive (ustar) as `npm pack` makes it: everything in the directory `package`. */
function archiveOf(files: Files): Buffer {
  const parts = Object.entries(files).flatMap(([name, text]) => {
    const content = Buffer.from(text);
    const header = Buffer.alloc(512);
    header.write(`package/${name}`, 0);
    header.write('000755 ', 100);
    header.write('000000 ', 108);
    header.write('000000 ', 116);
    header.write(`${content.length.toString(8).padStart(11, '0')} `, 124);
    header.write('00000000000 ', 136);
    header.write('        0', 148);
    header.write('ustar', 257);
    header.write('00', 263);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(1024)]));
}
