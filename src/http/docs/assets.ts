import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { Answer, StreamAnswer } from '../answer.ts';

interface Asset {
  readonly contentType: string;
  readonly source: { readonly file: string } | { readonly text: string };
}

const script = 'text/javascript; charset=utf-8';

/** Scripts of our own, as files: no page needs inline scripts. */
const startSwagger = `SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
  validatorUrl: null,
});
`;
const startRedoc = `Redoc.init('/api/openapi.json', { hideDownloadButton: false }, document.getElementById('docs'));
`;

/** Every asset of the documentation, by its path: installed with the product, so that no internet is needed. */
export const assets: Readonly<Record<string, Asset>> = {
  '/api/docs/assets/swagger-ui.css': file('text/css; charset=utf-8', 'swagger-ui-dist', 'swagger-ui.css'),
  '/api/docs/assets/swagger-ui-bundle.js': file(script, 'swagger-ui-dist', 'swagger-ui-bundle.js'),
  '/api/docs/assets/favicon-32x32.png': file('image/png', 'swagger-ui-dist', 'favicon-32x32.png'),
  '/api/docs/assets/start.js': { contentType: script, source: { text: startSwagger } },
  '/api/redoc/assets/redoc.standalone.js': file(script, 'redoc', 'bundles/redoc.standalone.js'),
  '/api/redoc/assets/start.js': { contentType: script, source: { text: startRedoc } },
};

/** @param ifNoneMatch of the request */
export async function assetAnswer({ contentType, source }: Asset, ifNoneMatch: string | undefined): Promise<Answer> {
  if ('text' in source) return { kind: 'text', status: 200, contentType, text: source.text };
  const { size, mtimeMs } = await stat(source.file);
  const tag = `"${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}"`;
  const headers = { ETag: tag, 'Cache-Control': 'public, max-age=3600' };
  if (ifNoneMatch === tag) return { status: 304, headers };
  return {
    kind: 'stream',
    status: 200,
    contentType,
    headers: { ...headers, 'Content-Length': String(size) },
    write: (response) => send(source.file, response),
  } satisfies StreamAnswer;
}

async function send(path: string, response: ServerResponse): Promise<void> {
  try {
    await pipeline(createReadStream(path), response);
  } catch (error) {
    // A browser that goes elsewhere before it has everything is no failure.
    if (!response.destroyed || !(error instanceof Error) || !('code' in error)) throw error;
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

function file(contentType: string, packageName: string, path: string): Asset {
  const root = dirname(fileURLToPath(import.meta.resolve(`${packageName}/package.json`)));
  return { contentType, source: { file: join(root, path) } };
}
