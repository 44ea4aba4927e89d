import { securityHeaders, type ContentPolicy, type Headers } from '../middleware/security-headers.ts';

export interface DocsPage {
  readonly html: string;
  readonly headers: Headers;
}

const ownOrigin: ContentPolicy = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'", 'data:'],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

/** Swagger UI: reads the document and tries requests, from this server alone. */
export const swaggerPage: DocsPage = {
  headers: securityHeaders(ownOrigin),
  html: page(
    'Annals API',
    `<link rel="stylesheet" href="/api/docs/assets/swagger-ui.css">
<link rel="icon" type="image/png" href="/api/docs/assets/favicon-32x32.png">`,
    `<div id="docs"></div>
<script src="/api/docs/assets/swagger-ui-bundle.js"></script>
<script src="/api/docs/assets/start.js"></script>`,
  ),
};

/** Redoc: the same document for reading. It styles itself by inline sheets and searches in a worker that it makes. */
export const redocPage: DocsPage = {
  headers: securityHeaders({ ...ownOrigin, styleSrc: ["'self'", "'unsafe-inline'"], workerSrc: ["'self'", 'blob:'] }),
  html: page(
    'Annals API reference',
    '<link rel="icon" type="image/png" href="/api/docs/assets/favicon-32x32.png">',
    `<div id="docs"></div>
<script src="/api/redoc/assets/redoc.standalone.js"></script>
<script src="/api/redoc/assets/start.js"></script>`,
  ),
};

/** The start page: where to go from here. */
export const startPage: DocsPage = {
  headers: securityHeaders(ownOrigin),
  html: page(
    'Annals',
    '',
    `<h1>Annals</h1>
<p>The MCP tool platform that keeps the record.</p>
<ul>
<li><a href="/api/docs">Try the API</a></li>
<li><a href="/api/redoc">Read the API reference</a></li>
<li><a href="/api/openapi.json">OpenAPI document</a></li>
<li><a href="/health">Health</a></li>
</ul>`,
  ),
};

function page(title: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
${head}
</head>
<body>
${body}
</body>
</html>
`;
}
