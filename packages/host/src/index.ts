export { defaultCacheFolder, diskCache } from './diskCache.js';
export { type FollowRules, isInside, nodeFiles } from './nodeFiles.js';
export { serveTasks } from './taskWorker.js';
export { createWorkerPool, type PoolOptions, type WorkerPool } from './workerPool.js';
