import { z } from 'zod';
import type { Answer } from '../answer.ts';
import { assetAnswer, assets } from '../docs/assets.ts';
import { redocPage, startPage, swaggerPage, type DocsPage } from '../docs/pages.ts';
import { openApiDocument } from '../openapi/document.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';

/** The documentation of all routes, made from the route table itself. @param table every route, these included */
export function docsRoutes(version: string, table: () => readonly Route[]): readonly Route[] {
  let document: string | undefined;
  const page = (path: string, summary: string, { html, headers }: DocsPage) =>
    defineRoute({
      method: 'get',
      path,
      summary,
      tags: ['system'],
      access: { public: true },
      responses: { 200: { description: 'A page', contentType: 'text/html' } },
      examples: [{ summary }],
      handler: () => ({ kind: 'text', status: 200, contentType: 'text/html; charset=utf-8', headers, text: html }),
    });

  return [
    page('/', 'Where to go from here', startPage),
    page('/api/docs', 'This API, to try out', swaggerPage),
    page('/api/redoc', 'This API, to read', redocPage),
    defineRoute({
      method: 'get',
      path: '/api/openapi.json',
      summary: 'This API as an OpenAPI 3.1 document',
      tags: ['system'],
      access: { public: true },
      responses: { 200: { description: 'The document', schema: z.looseObject({ openapi: z.string() }) } },
      examples: [{ summary: 'The document' }],
      handler(): Answer {
        document ??= JSON.stringify(openApiDocument(table(), version));
        return { kind: 'text', status: 200, contentType: 'application/json', text: document };
      },
    }),
    ...Object.entries(assets).map(([path, asset]) =>
      defineRoute({
        method: 'get',
        path,
        summary: 'An asset of the documentation',
        tags: ['system'],
        access: { public: true },
        undocumented: true,
        responses: { 200: { description: 'The asset' } },
        handler: (_input, { request }) => assetAnswer(asset, request.headers['if-none-match']),
      }),
    ),
  ];
}
