export { changePorts } from './changePorts.js';
export { defaultCacheFolder, diskCache } from './diskCache.js';
export { evaluateCommand } from './evaluateCommand.js';
export { type JobProcessOptions, jobProcesses } from './jobProcess.js';
export { serveJob } from './jobWorker.js';
export { type FollowRules, isInside, nodeFiles } from './nodeFiles.js';
export { type OutputRules, outputFolder, removeStaleParts } from './outputFolder.js';
export { serveTasks } from './taskWorker.js';
export { createWorkerPool, type PoolOptions, type WorkerPool } from './workerPool.js';
