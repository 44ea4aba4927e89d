/** Ids in the examples of the documentation. */
export const exampleIds = {
  user: '01936f2a-7c11-7000-8000-000000000001',
  mcp: 'everything',
  execution: '01936f2a-7c11-7000-8000-000000000002',
  rebuild: '01936f2a-7c11-7000-8000-000000000003',
  role: 'reporter',
  secret: '01936f2a-7c11-7000-8000-00000000000c',
  limit: 'exports',
  apiKey: '01936f2a-7c11-7000-8000-00000000000b',
  oauthGrant: 'Zt1mT3nQk0uY2b7cWv9xLrJ4hD8sAeFgKpNiOqUyXzB',
} as const;
