import type { ModelTimer } from '@espalier/service';
import type { FollowRules } from './nodeFiles.js';
import { onnxRuntimeVersion } from './onnxRuntime.js';
import { timeInProcess } from './timeInProcess.js';

/** Times whole models with the runtime that is found from a folder on, in a process of their own. `folderOf` tells the folder for a model. */
export function modelTimer(entry: URL, rules: () => FollowRules, folderOf: (path: string) => string): ModelTimer {
  const time = timeInProcess(entry, rules);
  return {
    async runtime(path) {
      const version = rules().trusted ? await onnxRuntimeVersion(folderOf(path)) : null;
      return version === null ? null : `onnxruntime ${version}`;
    },
    time: (path, signal) => time([path], folderOf(path), { signal, progress: () => {} }),
  };
}
