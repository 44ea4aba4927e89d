import type { Config } from '../../config.ts';

/** Where the engines are; unset, the embedded one of the data directory serves. Plain data, for threads as well. */
export type EngineSettings = Pick<
  Config,
  'dataDir' | 'eventStoreUrl' | 'sqlUrl' | 'documentsUrl' | 'searchUrl' | 'enginePrefix'
>;

export function engineSettings(config: Config): EngineSettings {
  const { dataDir, eventStoreUrl, sqlUrl, documentsUrl, searchUrl, enginePrefix } = config;
  return { dataDir, eventStoreUrl, sqlUrl, documentsUrl, searchUrl, enginePrefix };
}
