import { join } from 'node:path';
import { defaultCacheFolder } from '@espalier/host';
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { startServer } from './server.js';

declare const __ESPALIER_VERSION__: string;

startServer(createConnection(ProposedFeatures.all), {
  workerEntry: new URL('./worker.mjs', import.meta.url),
  jobEntry: new URL('./job.mjs', import.meta.url),
  cacheFolder: join(defaultCacheFolder(), 'facts'),
  version: typeof __ESPALIER_VERSION__ === 'string' ? __ESPALIER_VERSION__ : '0.0.0-source',
});
